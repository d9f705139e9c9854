"""From alarms to findings: who did it, what was strange, and the events that show it."""

from rtml.models.explaining.alarms import explain
from rtml.models.explaining.anomalous import explain_calls
from rtml.models.explaining.changes import CHANGED, changes, is_change

__all__ = ["CHANGED", "changes", "explain", "explain_calls", "is_change"]
