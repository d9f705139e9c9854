"""Attack sequences: several tactics against one thing within a day become one finding."""

from rtml.findings.sequences.correlating import correlate

__all__ = ["correlate"]
