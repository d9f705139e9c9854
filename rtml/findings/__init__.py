"""Findings: what rules and models report, in one table (`rtml.schema.FINDINGS`) and one unit.

`unit` brings evidence together, `types` names what a model found, `explain` turns alarms into
findings with their reasons, `trees` shows the processes around one.
"""

from rtml.findings.explain import because, explain
from rtml.findings.trees import process_tree
from rtml.findings.unit import SLOT, aggregate, finding_id

__all__ = ["SLOT", "aggregate", "because", "explain", "finding_id", "process_tree"]
