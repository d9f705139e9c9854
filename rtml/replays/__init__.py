"""The replay lab: real containers, real load, harmless real attacks, a kernel sensor, exact labels.

Attacks, workloads and scenarios are data (`rtml.replays.contract`); the recorder reads them, so a
new attack or workload is one YAML file and no code.
"""
