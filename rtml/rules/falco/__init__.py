"""Falco's rule files: documents, macros and lists become rules of ours, with Falco's meaning."""
