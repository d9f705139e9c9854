"""Zeek: connections and queries, as JSON lines."""
