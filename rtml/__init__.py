"""rtml: anomaly detection for container runtime security, models beside rules, honestly compared.

A capture is a table of runtime events; a feature family turns a capture into one row per container
and window; a detector turns rows into scores; a finding is a score that crossed its alarm budget,
with the events that caused it; a track sets the findings of models and of rules against labelled
attack replays. ``docs/how-it-works.md`` derives the rest from that sentence.

Importing ``rtml`` alone loads nothing heavy: each room is imported by name
(``from rtml.captures import open_capture``).
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
