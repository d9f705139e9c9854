"""From alarms to findings: who did it, what was strange, and the events that show it."""

from rtml.models.explaining.alarms import explain
from rtml.models.explaining.anomalous import explain_calls

__all__ = ["explain", "explain_calls"]
