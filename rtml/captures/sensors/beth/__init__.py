"""BETH: the CSV of a honeypot's kernel events and DNS look-ups."""
