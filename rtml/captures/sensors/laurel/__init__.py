"""laurel: the Linux audit log as JSON lines, an event each."""
