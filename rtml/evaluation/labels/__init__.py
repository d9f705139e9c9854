"""Labels: one row per attack, read from files, checked, and held against a capture."""

from rtml.evaluation.labels.fitting import in_capture
from rtml.evaluation.labels.provenance import refuse_rule_labels
from rtml.evaluation.labels.reading import read_labels

__all__ = ["in_capture", "read_labels", "refuse_rule_labels"]
