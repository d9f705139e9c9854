"""Hubble: flows of Cilium's exporter and command line, as JSON lines."""
