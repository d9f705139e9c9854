"""Rows of the board: one per set and side, of ours, of others, of an experiment's ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from rtml.datasets.contract import Published
from rtml.evaluation.measure import Measure
from rtml.evaluation.tables import TableVerdict, kept_share

__all__ = ["BOARD", "MEASURES", "board_of", "entry", "of_ledger", "of_published"]

MEASURES = ("recall", "false_share", "rate", "auroc", "average_precision")
BOARD = pl.Schema(
    {
        **dict.fromkeys(("set", "side", "kind", "row"), pl.String()),
        **dict.fromkeys(("found", "attacks", "caught", "positives", "false", "benign"), pl.Float64()),
        **{f"{name}{end}": pl.Float64() for name in MEASURES for end in ("", "_low", "_high")},
        "prevalence": pl.Float64(),
        "asked": pl.Float64(),
        **dict.fromkeys(("asked_unit", "budget", "seeds", "not_judged", "note"), pl.String()),
        **dict.fromkeys(("set_note", "protocol", "published_protocol"), pl.String()),
    }
)
"""One row per set and side.

``kind``: model, rules, rival, union, oracle, trivial, or published. ``found`` of ``attacks`` (``recall``),
``caught`` of ``positives`` attack rows, ``false`` of ``benign`` rows (``false_share``) or false findings;
``rate`` per container-day; ``prevalence``: what a random score reaches in average precision. ``asked`` is
what the threshold may flag, in ``asked_unit``; ``budget``: held or broken. ``seeds``: found and false over
all seeds; the row is that of the median run. ``not_judged``: what is null, and why. ``set_note``: lines about
the whole set. ``protocol`` is ours,
``published_protocol`` that of others."""


def board_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame of `BOARD`; what a row does not name is null."""
    return pl.DataFrame([{name: row.get(name) for name in BOARD} for row in rows], schema=BOARD, orient="row")


def entry(verdicts: Sequence[TableVerdict], aim: float, **facts: Any) -> dict[str, Any]:
    """Return the row of a side: its median run by attacks found, then by false rows.

    Parameters
    ----------
    verdicts
        One per seed.
    aim
        Share of benign rows that thresholds were to flag.
    facts
        What is known of the side: ``set``, ``side``, ``kind``, ``row``, ``note``.
    """
    ordered = sorted(verdicts, key=lambda one: (one.found, -one.false))
    one = ordered[len(ordered) // 2]
    chosen = facts["kind"] == "model" and one.false_share.value is not None
    counted = one.recall.value is not None
    reasons = {f"{name}: {getattr(one, name).reason}" for name in MEASURES if getattr(one, name).reason}
    return {
        **facts,
        "found": one.found if counted else None,
        "attacks": one.attacks,
        "caught": one.caught if one.false_share.value is not None else None,
        "positives": one.positives,
        "false": one.false if one.false_share.value is not None else None,
        "benign": one.benign,
        **_measures({name: getattr(one, name) for name in MEASURES}),
        "prevalence": one.prevalence,
        "asked": aim if chosen else None,
        "asked_unit": "of rows" if chosen else None,
        "budget": kept_share(one.false_share, aim) if chosen else None,
        "seeds": _spread(ordered) if counted else None,
        "not_judged": "; ".join([*sorted(reasons), *one.remarks]) or None,
    }


def _measures(measures: Mapping[str, Measure]) -> dict[str, float | None]:
    return {
        f"{name}{end}": value
        for name, one in measures.items()
        for end, value in (("", one.value), ("_low", one.low), ("_high", one.high))
    }


def _spread(verdicts: Sequence[TableVerdict]) -> str | None:
    """Return what was found, and at which share of false rows, over all seeds."""
    if len(verdicts) == 1:
        return None
    found = [one.found for one in verdicts]
    false = [one.false_share.value or 0.0 for one in verdicts]
    return f"{min(found)}–{max(found)} found, {np.min(false):.2%}–{np.max(false):.2%} over {len(found)} seeds"


def of_published(name: str, row: str, others: Iterable[Published]) -> list[dict[str, Any]]:
    """Return rows of what others published."""
    return [
        {
            "set": name,
            "side": f"published: {one.who}",
            "kind": "published",
            "row": row,
            "found": one.found,
            "attacks": one.attacks,
            "recall": one.found / one.attacks if one.found is not None and one.attacks else None,
            "false_share": one.false_share,
            "auroc": one.auroc,
            "note": one.note,
        }
        for one in others
    ]


_RENAMED = {"combined": "recommended combination"}


def of_ledger(name: str, row: str, summary: pl.DataFrame, budget: float) -> list[dict[str, Any]]:
    """Return rows of a ledger (`rtml.evaluation.ledger`): false findings, and their rate."""
    rows = []
    for side in summary.iter_rows(named=True):
        measures = {key: side.get(key) for name in MEASURES for key in (name, f"{name}_low", f"{name}_high")}
        reasons = [f"{key}: {side[f'{key}_reason']}" for key in MEASURES if side.get(f"{key}_reason")]
        modelled = side["kind"] == "model"
        rows.append(
            {
                **measures,
                "set": name,
                "side": _RENAMED.get(side["side"], side["side"]),
                "kind": "oracle" if side.get("oracle") else side["kind"],
                "row": row,
                "found": side.get("found"),
                "attacks": side.get("attacks"),
                "false": side.get("false"),
                "asked": (side.get("asked") or budget) if modelled else None,
                "asked_unit": "per container-day" if modelled else None,
                "budget": side.get("budget") or None,
                "not_judged": "; ".join(["false_share: findings are counted, not windows", *reasons]),
                "note": side.get("note") or None,
            }
        )
    return rows
