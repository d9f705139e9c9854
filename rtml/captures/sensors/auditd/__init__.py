"""The Linux audit log: raw records of auditd, put together to events by time and serial."""
