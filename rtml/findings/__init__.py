"""Findings: what rules and models report, in one table (`rtml.schema.FINDINGS`) and one unit.

`unit` brings evidence together, `reasons` says why, `trees` shows the processes around one,
`suppression` archives, `sequences` joins several into one. Who makes findings stands above:
`rtml.rules.running` and `rtml.models.explaining`.
"""

from typing import TYPE_CHECKING

from rtml.lazy import lazily

if TYPE_CHECKING:
    from rtml.findings.reasons import because
    from rtml.findings.trees import process_tree
    from rtml.findings.unit import SLOT, aggregate, finding_id

__all__ = ["SLOT", "aggregate", "because", "finding_id", "process_tree"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "SLOT": "rtml.findings.unit",
        "aggregate": "rtml.findings.unit",
        "because": "rtml.findings.reasons",
        # Where it stood before models had a room; scripts of users ask for it here.
        "explain": "rtml.models.explaining",
        "finding_id": "rtml.findings.unit",
        "process_tree": "rtml.findings.trees",
    },
)
