"""What findings are made of: trees that alarmed, what surprised in them, and why the detectors said so.

A batch makes its findings of all that alarmed. A stream keeps what findings may still grow from: an alarm
within `SPELL` of an earlier one continues its finding. Either way the same tables make the same findings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import polars as pl

from rtml.baselines import Baseline
from rtml.captures.processes import PROCESSES
from rtml.features import EVENT_SURPRISES
from rtml.models.calibration import Calibration
from rtml.models.explaining import explain, explain_calls
from rtml.models.explaining.alarms import SPELL
from rtml.models.explaining.changes import found
from rtml.models.explaining.known import known
from rtml.models.explaining.repeats import AT_SETTINGS, at_settings
from rtml.peers import UNKNOWN, peer_group
from rtml.progress import steps
from rtml.schema import FINDINGS, IDENTITY, TREE_SCORES, empty
from rtml.times import UTC_NS, Window, instant

__all__ = ["OTHERWISE", "RAISED", "REASONS", "Alarmed", "findings_of", "of_trees", "raised", "repeated"]

_TREE = ["container_id", "window", "process_id"]
_IDENTITY = [name for name in IDENTITY if name not in ("container_id", "workload")]
_NAMED = {"detector": pl.String(), "container_id": pl.String(), "window": UTC_NS, "process_id": pl.Int64()}
_NUMBERS = dict.fromkeys(("value", "usual", "share"), pl.Float64())
REASONS = pl.Schema({**_NAMED, "feature": pl.String(), **_NUMBERS})
OTHERWISE = pl.Schema({**_NAMED, "counterfactual": pl.String()})

RAISED = pl.Schema({**TREE_SCORES, **dict.fromkeys(_IDENTITY, pl.String()), "limit": pl.Float64()})
"""Trees that alarm: `TREE_SCORES`, identity, and the margin that they crossed."""


@dataclass(frozen=True)
class Alarmed:
    """Tables of alarms.

    ``raised`` (`RAISED`), their ``surprises``, ``reasons`` (`REASONS`), ``otherwise`` (`OTHERWISE`), the
    ``processes`` that titles name, of an audit log the ``calls``, and what workloads took up (``shared``).
    """

    raised: pl.DataFrame = field(default_factory=RAISED.to_frame)
    surprises: pl.DataFrame = field(default_factory=EVENT_SURPRISES.to_frame)
    reasons: pl.DataFrame = field(default_factory=REASONS.to_frame)
    otherwise: pl.DataFrame = field(default_factory=OTHERWISE.to_frame)
    processes: pl.DataFrame = field(default_factory=PROCESSES.to_frame)
    calls: pl.DataFrame = field(default_factory=pl.DataFrame)
    shared: pl.DataFrame = field(default_factory=pl.DataFrame)

    def with_more(self, more: Alarmed) -> Alarmed:
        """Return both together; what is in both counts once."""
        tables = {part.name: (getattr(self, part.name), getattr(more, part.name)) for part in fields(self)}
        return Alarmed(**{name: _together(*pair) for name, pair in tables.items()})

    def only(self, raised: pl.DataFrame) -> Alarmed:
        """Return what belongs to some of the alarms."""
        trees, events = raised.select(_TREE).unique(), ["host", "seq"]
        joining = {"on": _TREE, "how": "semi", "nulls_equal": True, "maintain_order": "left"}
        surprises = of_trees(self.surprises.lazy(), trees)
        named = surprises.select("host", "process_id").unique()
        calls = self.calls
        if calls.width:
            calls = calls.join(
                surprises.select(events).unique(), on=events, how="semi", maintain_order="left"
            )
        return Alarmed(
            raised,
            surprises,
            self.reasons.join(raised.select("detector", *_TREE), on=["detector", *_TREE], how="semi",
                              nulls_equal=True, maintain_order="left"),
            self.otherwise.join(trees, **joining),  # type: ignore[arg-type]
            self.processes.join(named, on=["host", "process_id"], how="semi", maintain_order="left"),
            calls,
            self.shared,
        )  # fmt: skip

    def open(self, after: dt.datetime) -> Alarmed:
        """Return what an alarm of a later window may continue or repeat, and what replicas share."""
        last = pl.col("window").max().over(peer_group(self.raised.columns).fill_null(UNKNOWN))
        return self.only(self.raised.filter(last + Window.of(SPELL).span > instant(after)))


def _together(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    if not ours.width or not theirs.width:
        return theirs if theirs.width else ours
    images = ["host", "process_id", "image_seq", "since"]
    both = pl.concat([ours, theirs.select(ours.columns)])
    return both.unique(images if set(images) <= set(ours.columns) else None, maintain_order=True)


def of_trees(surprises: pl.LazyFrame, trees: pl.DataFrame) -> pl.DataFrame:
    """Return the surprises (`rtml.features.EVENT_SURPRISES`) of some trees, in their order."""
    wanted = trees.lazy().select(_TREE).unique()
    ours = surprises.join(
        wanted, left_on=["container_id", "window", "root_id"], right_on=_TREE, how="semi",
        nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    return ours.collect().sort("time", "host", "seq", "conditional", "context", "key", maintain_order=True)


def raised(scores: pl.DataFrame, trees: pl.DataFrame, limits: dict[str, float]) -> pl.DataFrame:
    """Return the alarms (`RAISED`) among the scores of trees; ``limits``: margins by label."""
    identity = trees.select(*_TREE, *_IDENTITY)
    alarms = scores.filter("alarm")
    named = alarms.join(identity, on=_TREE, how="left", nulls_equal=True, maintain_order="left").with_columns(
        limit=pl.col("detector").replace_strict(limits, return_dtype=pl.Float64)
    )
    return named.select(pl.col(name).cast(kind) for name, kind in RAISED.items())


def repeated(scores: pl.DataFrame, trees: pl.DataFrame, surprises: pl.LazyFrame, audit: bool) -> pl.DataFrame:
    """Return the repeats among trees that alarm at any setting (`AT_SETTINGS`); of API users none.

    ``surprises``: of these trees at least; they may lie in files.
    """
    alarming = scores.drop_nulls("budget")
    if audit or alarming.is_empty():
        return empty(AT_SETTINGS)
    identity = trees.select(*_TREE, *_IDENTITY)
    named = alarming.join(identity, on=_TREE, how="left", nulls_equal=True, maintain_order="left")
    return at_settings(named, surprises, SPELL)


def findings_of(
    alarms: Alarmed,
    every: Window,
    baseline: Baseline,
    calibrations: Mapping[str, Calibration],
    budget: float,
    until: dt.datetime | None,
    audit: bool,
) -> pl.DataFrame:
    """Return the findings of alarms, and of what workloads took up together.

    Parameters
    ----------
    alarms
        All that belongs to them.
    every
        Length of a window.
    baseline, until
        What was learnt, and when that ended: API calls are compared with it in words.
    calibrations, budget
        Of each detector, and false findings per container-day: they tell how much of a threshold is borrowed.
    audit
        Whether the trees are requests of API users.
    """
    if audit:
        return explain_calls(alarms.raised, alarms.surprises, alarms.calls.lazy(), baseline, until)
    tables = [empty(FINDINGS), found(alarms.shared) if alarms.shared.height else empty(FINDINGS)]
    labels = alarms.raised["detector"].unique(maintain_order=True).to_list()
    for label in steps(labels, "explaining", "detectors"):
        ours = pl.col("detector") == label
        raised = alarms.raised.filter(ours)
        reasons, otherwise = (
            table.filter(ours).drop("detector") for table in (alarms.reasons, alarms.otherwise)
        )
        maturity = known(baseline, calibrations[label], budget)
        seen = (alarms.surprises, alarms.processes)
        tables.append(explain(raised, *seen, reasons, every, otherwise, maturity))
    return pl.concat(tables).sort("first_seen", "detector", "finding_id")
