"""bpftrace: the JSON lines of our own sensor script."""
