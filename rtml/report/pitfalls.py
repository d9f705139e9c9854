"""The mistakes that made published results wrong, and whether this run made them: yes, no, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.evaluation.paired import CONTENDERS
from rtml.numbers import percent, plural
from rtml.report.input import ReportInput

__all__ = ["CHECKS", "LABELS_CLOSED", "NO_FORESIGHT", "SCORED_TWICE", "Pitfall", "pitfalls"]

State = Literal["yes", "no", "unknown"]
SCORED_TWICE, LABELS_CLOSED, NO_FORESIGHT = "scored twice", "labels closed", "features without foresight"
CHECKS = {
    SCORED_TWICE: "every tree was scored again in other batches and another order: the same bits",
    LABELS_CLOSED: "nothing opened the label file while models were made and scored",
    NO_FORESIGHT: "the test was cut short twice, and no feature of earlier windows changed (but for what "
    "replicas take up together, which looks both ways by design)",
}
"""What only the run that made the models can check."""

_ELSEWHERE = "these findings were made elsewhere, or it could not be watched"
_NAMELESS = ("rule", "not stated", "unknown")


class Pitfall(NamedTuple):
    """A safeguard: in place (yes), missing (no) or not known here, and what shows it."""

    name: str
    state: State
    said: str


def pitfalls(source: ReportInput) -> list[Pitfall]:
    """Return every safeguard with its state, in print order.

    Examples
    --------
    >>> _state(True), _state(False)
    ('yes', 'no')
    """
    return [*_of_split(source), *_of_labels(source), *_of_scores(source.ledger), *_of_capture(source)]


def _state(holds: bool) -> State:
    return "yes" if holds else "no"


def _of_split(source: ReportInput) -> Iterator[Pitfall]:
    facts = source.ledger.facts
    split = facts["split"]
    none = "no split was made here: nothing proves that models never saw the test time"
    yield Pitfall("split proven", _state(split is not None), none if split is None else split["statement"])
    for name, said in CHECKS.items():
        here = name in source.checked
        yield Pitfall(name, "yes" if here else "unknown", said if here else _ELSEWHERE)
    tried = facts["configurations_tried"]
    said = "not stated" if tried is None else plural(tried, "configuration")
    yield Pitfall("configurations tried stated", _state(tried is not None), said)
    counted: State = "yes" if source.looks else "unknown"
    yield Pitfall("looks at the labels counted", counted, source.looks or "not counted")


def _of_labels(source: ReportInput) -> Iterator[Pitfall]:
    facts = source.ledger.facts
    made = facts["label_provenance"]
    told = ", ".join(f"{count} by {how}" for how, count in made.items()) or "no label"
    labels = facts.get("labels", {})
    digest = f"; digest {labels['digest']}" if labels else ""
    share = f"; {percent(labels['share of container time'])} of container time" if labels else ""
    honest = bool(made) and not any(how in _NAMELESS for how in made)
    yield Pitfall("label provenance known", _state(honest), told + share + digest)
    found = facts.get("suspicions", [])
    yield Pitfall("free of suspicions", _state(not found), "; ".join(found) or "none")


def _of_scores(ledger: Ledger) -> Iterator[Pitfall]:
    rows = ledger.summary.filter(pl.col("kind").is_in(CONTENDERS)).rows(named=True)
    silent = _remarked(rows, "no opinion on")
    yield Pitfall("no silent windows", _state(not silent), "; ".join(silent) or "every window has a score")
    unjudged = [said for said in _remarked(rows, ": not judged") if "lie before the test" not in said]
    yield Pitfall("all findings judged", _state(not unjudged), "; ".join(unjudged) or "all")
    asked = [row for row in rows if row["budget"] is not None]
    broken = [row["side"] for row in asked if row["budget"] == "broken"]
    if asked:
        said = f"broken by {', '.join(broken)}" if broken else f"all of {len(asked)}"
        yield Pitfall("budgets held", _state(not broken), said)
    else:
        yield Pitfall("budgets held", "unknown", "none was asked")
    below = [f"{row['side']} {row['auroc']:.3f}" for row in rows if (row["auroc"] or 1.0) < 0.5]
    yield Pitfall("no AUROC below 0.5", _state(not below), "; ".join(below) or "none")


def _remarked(rows: list[dict[str, Any]], words: str) -> list[str]:
    return [
        f"{row['side']}: {remark}"
        for row in rows
        for remark in (row["remarks"] or "").split("; ")
        if words in remark
    ]


def _of_capture(source: ReportInput) -> Iterator[Pitfall]:
    incomplete = source.ledger.facts["windows"]["incomplete (events lost)"]
    whole = not source.lost and not incomplete
    lost = source.lost or "the sensor reported no lost event"
    said = f"{lost}; {plural(incomplete, 'test window')} incomplete"
    yield Pitfall("no events lost", _state(whole), said)
    rejected = sum(count for _, count in source.rejected)
    yield Pitfall("no lines rejected", _state(not rejected), plural(rejected, "line") if rejected else "none")
