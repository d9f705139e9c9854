"""Judge one set: its prepared folder becomes rows of the board, with what it cannot carry."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rtml.boards.config import Leaderboard, OwnScores, OwnTable
from rtml.boards.entries import entry, of_ledger, of_published
from rtml.boards.events import of_events
from rtml.boards.material import Material, of_rows
from rtml.boards.scoring import Side, sides
from rtml.boards.tail import Tail
from rtml.datasets.card import Card
from rtml.datasets.preparing import EXPERIMENT, LABELS, ROWS
from rtml.datasets.rows import checked_rows, labelled, one_of_roles
from rtml.datasets.tables import parquet_table
from rtml.errors import RtmlError
from rtml.evaluation.measure import refused
from rtml.evaluation.tables import TableVerdict, judge_rows
from rtml.experiment import run_experiment
from rtml.experiment.config import load_experiment
from rtml.experiment.looks import look

__all__ = ["LEAST", "judge_own_scores", "judge_own_table", "judge_set"]

LEAST = 20
"""Fewer calibration rows set no threshold, and fewer test rows are not ranked."""

_UNCOUNTED = (
    "looks at these labels are counted where the set is prepared (`rtml dataset prepare`), here they are not"
)

Entries = list[dict[str, Any]]


def judge_set(folder: Path, card: Card, board: Leaderboard, kept: bool = True) -> Entries:
    """Return the rows of a prepared set, published results after ours.

    Parameters
    ----------
    kept
        The folder stays: looks at its labels are counted there.
    """
    if card.kind == "experiment":
        ours = _experiment(folder, card, board)
    else:
        looks = (
            look(folder / (ROWS if card.kind == "rows" else LABELS), board.digest()).sentence()
            if kept
            else _UNCOUNTED
        )
        ours = list(_entries(_material(folder, card), board, card.name, card.row, looks))
    protocols = {"protocol": card.protocol, "published_protocol": card.published_protocol}
    return [{**row, **protocols} for row in [*ours, *of_published(card.name, card.row, card.others())]]


def _material(folder: Path, card: Card) -> Material:
    if card.kind == "events":
        return of_events(folder, card)
    rows = checked_rows(parquet_table(folder / ROWS, ("role",)), str(folder / ROWS), "keep")
    return of_rows(rows, card.row_seconds)


def _experiment(folder: Path, card: Card, board: Leaderboard) -> Entries:
    experiment = load_experiment(folder / EXPERIMENT, [f"seed={board.seeds[0]}"])
    with tempfile.TemporaryDirectory() as place:
        outcome = run_experiment(experiment, Path(place) / "run", tracked=False)
    rows = of_ledger(card.name, card.row, outcome.ledger.summary, experiment.budget)
    limits = "\n".join(map(str, outcome.ledger.facts.get("limits", [])))
    return [{**row, "set_note": limits or None} for row in rows]


def judge_own_table(name: str, table: OwnTable, board: Leaderboard) -> Entries:
    """Return the rows of a user's table of features.

    Raises
    ------
    RtmlError
        The table is not as `rtml.datasets.rows` wants it.
    """
    rows = checked_rows(parquet_table(table.path, ()), str(table.path), table.early_attacks)
    looks = look(table.path, board.digest()).sentence()
    return list(_entries(of_rows(rows, table.row_seconds), board, name, table.row, looks))


def _entries(
    material: Material, board: Leaderboard, name: str, row: str, looks: str
) -> Iterator[dict[str, Any]]:
    threshold, ranking = _limits(material)
    notes = [*material.notes, looks]
    if threshold is None and material.calibration * board.aim < 1:
        notes.append(f"{material.calibration:,} calibration rows: a share of {board.aim:.2%} is extrapolated")
    for side in sides(material, board):
        verdicts = [_verdict(material, side, run, threshold, ranking) for run in range(len(side.runs))]
        facts = {"set": name, "side": side.name, "kind": side.kind, "row": row, "note": side.note or None}
        yield entry(verdicts, board.aim, **facts, set_note="\n".join(notes))


def _limits(material: Material) -> tuple[str | None, str | None]:
    """Say why a set has no threshold, and why it has no ranking; null where it has."""
    held, test = material.calibration, material.test.height
    threshold = f"{held} calibration rows set no threshold (at least {LEAST})" if held < LEAST else None
    holds = f" hold all {material.events.height:,} events" if material.events is not None else ""
    ranking = f"{test} test rows{holds}: nothing to rank (at least {LEAST})" if test < LEAST else None
    return threshold, ranking


def _verdict(
    material: Material, side: Side, run: int, threshold: str | None, ranking: str | None
) -> TableVerdict:
    score, flagged = side.runs[run]
    rows = material.judged(score, flagged)
    verdict = judge_rows(rows, material.row_seconds)
    if threshold is not None and side.calibrated:
        none = refused(threshold)
        verdict = replace(verdict, recall=none, false_share=none, rate=none)
    if ranking is not None:
        none = refused(ranking)
        verdict = replace(verdict, auroc=none, average_precision=none)
    return verdict


def judge_own_scores(name: str, table: OwnScores, board: Leaderboard) -> Entries:
    """Return the rows of a user's table of scores, one per detector in it.

    Rows of the role ``calibrate`` set the threshold of their detector; without them only the ranking is
    judged.

    Raises
    ------
    RtmlError
        A column is missing, a score is no number, or no row is benign.
    """
    raw = parquet_table(table.path, ("group", "attack", "detector", "score"))
    where = str(table.path)
    keys = labelled(raw, where, ("group", "attack")).with_columns(pl.col("role").fill_null("test"))
    one_of_roles(keys, where)
    score = raw["score"].cast(pl.Float64, strict=False).fill_nan(None)
    if score.null_count() > raw["score"].null_count() and not raw["score"].dtype.is_float():
        raise RtmlError(f"{where}: score holds something else than numbers")
    rows = keys.with_columns(score, raw["detector"].cast(pl.String).fill_null("unknown"))
    looks = look(table.path, board.digest()).sentence()
    facts = {"set": name, "kind": "model", "row": table.row, "set_note": looks}
    return [
        entry([_of_scores(part, table, board.aim)], board.aim, side=str(who), **facts)
        for (who,), part in sorted(rows.partition_by("detector", as_dict=True).items(), key=str)
    ]


def _of_scores(rows: pl.DataFrame, table: OwnScores, aim: float) -> TableVerdict:
    test = rows.filter(pl.col("role") == "test")
    held = rows.filter((pl.col("role") == "calibrate") & (pl.col("attack") != 1).fill_null(True))["score"]
    if held.len() < LEAST:
        return judge_rows(test.with_columns(flagged=pl.lit(None, pl.Boolean)), table.row_seconds)
    tail = Tail.of(held.fill_null(float("nan")).to_numpy())
    margins = tail.margins(test["score"].fill_null(float("nan")).to_numpy())
    flagged = np.asarray(margins > Tail.limit(aim))
    return judge_rows(test.with_columns(flagged=pl.Series(flagged)), table.row_seconds)
