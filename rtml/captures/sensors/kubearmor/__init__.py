"""KubeArmor: its telemetry and alerts, of containers and hosts."""
