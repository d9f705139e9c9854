"""Labels: one row per attack, read from files, checked, and matched to a capture."""

from rtml.evaluation.labels.reading import in_capture, read_labels, refuse_rule_labels

__all__ = ["in_capture", "read_labels", "refuse_rule_labels"]
