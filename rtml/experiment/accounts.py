"""Attack by attack: who found it at which budget, what surprised in it, and what stood in the way.

A ledger says how many attacks a side misses. To mend that one must know why: the sensor saw nothing, the
workload does such things anyway, or benign work is stranger still. Everything is read from a finished run;
its model reads the capture again for the surprises of single events. This opens the labels, which is a look:
whoever changes a detector after it has used the test up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rtml.errors import lookup
from rtml.evaluation import Side, Track
from rtml.evaluation.matching import GRACE
from rtml.evaluation.origins import origin
from rtml.evaluation.reach import reaches_of
from rtml.evaluation.standing import benign_units, standing
from rtml.evaluation.trees import attack_trees
from rtml.experiment.judge import Ground, configuration, ground
from rtml.experiment.looks import Looks, look
from rtml.experiment.obstacles import causes, obstacle
from rtml.models import load_model
from rtml.models.explaining.wording import deed
from rtml.schema import BUDGETS, COMBINED

__all__ = ["ACCOUNTS", "accounts"]

_MOST = 3
"""Surprises that an attack is told with."""

SURPRISES = {"deed": pl.String(), "bits": pl.Float64(), "seen": pl.Boolean(), "shared": pl.Boolean()}
ACCOUNTS = pl.Schema(
    {
        "attack_id": pl.String(),
        "grade": pl.Int64(),
        "entry": pl.String(),
        "found": pl.List(pl.Struct({"side": pl.String(), "asked": pl.Float64()})),
        "surprises": pl.List(pl.Struct(SURPRISES)),
        "p_value": pl.Float64(),
        "above": pl.Int64(),
        "obstacle": pl.String(),
    }
)
"""One row per attack, its parts together. ``found``: the least budget at which each side finds it, null for a
side without a dial. ``surprises``: what its own processes did that surprises most; ``shared``: several
replicas took it up together, so that it counts for no single tree. Of its strangest tree by
the side that is asked about ``p_value``, and ``above``: how many benign units of the test are stranger.
``obstacle``: why this side does not find it at the budget of the run; null where it does."""


def accounts(
    run: Path, captures: Sequence[str], label_file: Path, side: str = COMBINED
) -> tuple[pl.DataFrame, Looks]:
    """Return `ACCOUNTS` of a finished run, and how often its labels were looked at.

    Parameters
    ----------
    run
        Folder of `rtml experiment run`, with its model.
    captures, label_file
        What it was judged on.
    side
        A model whose obstacles are told.

    Raises
    ------
    RtmlError
        The folder holds no run, or capture and labels are not those that it was judged on.
    """
    known = ground(captures, label_file, [run / "findings.parquet"], {})
    asked_about = lookup({contender.name: contender for contender in known.sides}, side, "side")
    scored = load_model(run / "model").score(known.capture, start=known.terms.since)
    result = known.files[0].result
    ran = result.inputs.get("all") if result else None  # to read about a run is a look, but no other try
    looks = look(label_file, ran[:12] if ran else configuration(known.sides))
    return _accounts(known, asked_about, scored.surprises), looks


def _accounts(known: Ground, side: Side, surprises: pl.DataFrame) -> pl.DataFrame:
    track = known.track
    finders, own = _finders(known.sides, track), _own(track, surprises)
    seen = dict(_watched(track).group_by("origin").agg(pl.len()).iter_rows())
    units = benign_units(side, track)
    trees = standing(side, track, units)
    best = (
        trees.with_columns(origin(trees))
        .sort("score", descending=True)
        .unique("origin", keep="first", maintain_order=True)
    )
    placed = {row["origin"]: row for row in best.iter_rows(named=True)}
    others = causes(units, surprises, known.capture.containers())
    attacks = track.labels.with_columns(origin(track.labels)).sort("start", "attack_id")
    rows: list[dict[str, Any]] = []
    for row in attacks.unique("origin", keep="first", maintain_order=True).iter_rows(named=True):
        name = row["origin"]
        ours, tree = own.get(name, []), placed.get(name)
        by = finders.get(name, [])
        reported = any(f["side"] == side.name and (f["asked"] or 0) <= known.terms.budget for f in by)
        why = None if reported else obstacle(seen.get(name, 0), ours, tree, others, known.terms.budget)
        numbers = {key: None if tree is None else tree.get(key) for key in ("p_value", "above")}
        facts = {"found": by, "surprises": ours[:_MOST], "obstacle": why}
        rows.append({"attack_id": name, "grade": row["grade"], "entry": row["entry"], **facts, **numbers})
    return pl.DataFrame(rows, schema=ACCOUNTS).sort("grade", "attack_id", nulls_last=True)


def _finders(sides: Sequence[Side], track: Track) -> dict[str, list[dict[str, Any]]]:
    """Return per attack the least budget at which each side finds it."""
    least: dict[str, dict[str, float | None]] = {}
    for name, settings in reaches_of(sides, track).items():
        for asked in (None, *BUDGETS):
            if asked not in settings:
                continue
            seen = settings[asked].seen
            for attack in seen.select(origin(seen)).to_series().unique():
                least.setdefault(attack, {}).setdefault(name, asked)
    return {
        attack: [{"side": name, "asked": asked} for name, asked in sides_of_it.items()]
        for attack, sides_of_it in least.items()
    }


def _watched(track: Track) -> pl.DataFrame:
    """Return the events of attacks' own processes while the attack went on, with its ``origin``."""
    assert track.attack_events is not None
    ends = track.labels.select("attack_id", "end", origin(track.labels))
    return track.attack_events.join(ends, on="attack_id").filter(pl.col("time") <= pl.col("end") + GRACE)


def _own(track: Track, surprises: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return per attack what its own processes did meanwhile that surprises, the most surprising first."""
    spans = track.labels.select("attack_id", "start", "end", origin(track.labels))
    members = attack_trees(track.labels, track.processes).join(spans, on="attack_id")
    theirs = surprises.filter(pl.col("bits") > 0).join(members, on="process_id")
    during = theirs.filter(pl.col("time").is_between(pl.col("start"), pl.col("end") + GRACE))
    pairs = during.group_by("origin", "conditional", "key").agg(
        pl.col("bits").max(), pl.col("seen").all(), pl.col("shared").fill_null(False).all()
    )
    ordered = pairs.sort("bits", "conditional", "key", descending=[True, False, False])
    return {
        str(name): list(_deeds(part)) for (name,), part in ordered.group_by("origin", maintain_order=True)
    }


def _deeds(pairs: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in pairs.iter_rows(named=True):
        facts = {name: row[name] for name in ("bits", "seen", "shared")}
        yield {"deed": deed(row["conditional"], row["key"]), **facts}
