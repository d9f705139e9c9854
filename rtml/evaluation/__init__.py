"""Set findings of models and of rules against labelled attacks, honestly.

A *track* is prepared once (`make_track`): test windows, attacks, process facts. Each *side* (rules,
a model, their union, a trivial baseline) is judged on it (`assess`), all verdicts form the *ledger*
(`build_ledger`), which `rtml.report` prints, writes and turns into a page. What
the data cannot say is null with a reason, never 0.

Frames in, frames out: nothing here opens a capture or runs a model.
"""

from rtml.evaluation.budget import budget_curves
from rtml.evaluation.evidence import evidence_processes
from rtml.evaluation.labels import in_capture, read_labels, refuse_rule_labels
from rtml.evaluation.ledger import Ledger, build_ledger
from rtml.evaluation.matching import match
from rtml.evaluation.proof import Proof, attacks_in_training, prove
from rtml.evaluation.sides import Side, union
from rtml.evaluation.split import assign
from rtml.evaluation.track import Track, make_track
from rtml.evaluation.verdict import Verdict, assess
from rtml.splits import Split

__all__ = [
    "Ledger",
    "Proof",
    "Side",
    "Split",
    "Track",
    "Verdict",
    "assess",
    "assign",
    "attacks_in_training",
    "budget_curves",
    "build_ledger",
    "evidence_processes",
    "in_capture",
    "make_track",
    "match",
    "prove",
    "read_labels",
    "refuse_rule_labels",
    "union",
]
