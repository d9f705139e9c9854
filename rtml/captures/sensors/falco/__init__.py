"""Falco: alerts as JSON lines, of a rule that captures everything or of any other."""
