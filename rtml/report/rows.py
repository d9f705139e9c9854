"""Rows of the report's tables: numbers formatted, strings left as they are (the page escapes)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.numbers import number, shortly
from rtml.report.input import ReportInput
from rtml.report.tree import nested

__all__ = [
    "attack_rows",
    "cause_rows",
    "finding_rows",
    "matrix_rows",
    "point_rows",
    "split_bars",
    "story_rows",
    "summary_rows",
]

Row = dict[str, Any]
FORMS = {
    "recall": ".0%",
    "rate": ".3g",
    "auroc": ".3f",
    "average_precision": ".3f",
    "tpr": ".0%",
    "delay": ".3g",
}
SHOWN_FINDINGS, SHOWN_CAUSES = 20, 8


def summary_rows(ledger: Ledger) -> list[Row]:
    """Return one row per side with each measure as ``text``, ``interval`` and ``why``."""
    return [
        {
            **{name: row[name] for name in ("side", "kind", "oracle", "note", "remarks")},
            **{name: number(row[name]) for name in ("found", "false", "findings")},
            "attacks": row["attacks"],
            "only": "" if row["only"] is None else str(row["only"]),
            "budget": row["budget"] or "",
            "asked": "" if row["asked"] is None else f"asked {row['asked']:g}{_calibrated(row)}",
            "changes": "" if row["asked"] is None else str(row["changes"]),
            **{name: _measure(row, name, form) for name, form in FORMS.items()},
        }
        for row in ledger.summary.iter_rows(named=True)
    ]


def _calibrated(row: Row) -> str:
    return "" if row["calibrated"] is None else f", calibration {number(row['calibrated'], '.2g')}"


def _measure(row: Row, name: str, form: str) -> Row:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return {
        "text": None if value is None else number(value, form),
        "interval": None if low is None else f"{number(low, form)} – {number(high, form)}",
        "low": low,
        "high": high,
        "value": value,
        "why": row[f"{name}_reason"] or row[f"{name}_method"] or "",
    }


def attack_rows(ledger: Ledger) -> Row:
    """Return ``rows`` (one per attack, with a cell per side) and ``tally`` of the verdicts."""
    cells: dict[str, dict[str, Row]] = {}
    for cell in ledger.attacks.iter_rows(named=True):
        cells.setdefault(cell["attack_id"], {})[cell["side"]] = _cell(cell)
    rows = [row | {"cells": cells[row["attack_id"]]} for row in ledger.by_attack.iter_rows(named=True)]
    counted = Counter(row["verdict"] for row in rows)
    order = ("rules only", "both", "models only", "neither")
    total = max(len(rows), 1)
    tally = [{"verdict": v, "n": counted[v], "share": 100 * counted[v] / total} for v in order]
    return {"rows": rows, "tally": tally}


def _cell(cell: Row) -> Row:
    delay = cell["delay_s"]
    return {
        "found": cell["found"],
        "text": "" if delay is None else f"{delay:.1f}" if delay < 10 else f"{delay:.0f}",
        "how": f"{cell['findings']} finding(s), matched by {cell['how']}" if cell["found"] else "",
    }


def point_rows(ledger: Ledger) -> list[Row]:
    """Return one row per rules side and minimum level, numbers as text."""
    return [
        row | {"rate": number(row["false_per_container_day"]), "false": number(row["false"])}
        for row in ledger.points.iter_rows(named=True)
    ]


def finding_rows(findings: pl.DataFrame | None) -> list[Row]:
    """Return the first 20 findings with times as text and contributions as shares of the score."""
    if findings is None:
        return []
    rows = findings.head(SHOWN_FINDINGS).iter_rows(named=True)
    return [
        row
        | {
            "when": f"{row['first_seen']:%H:%M:%S}" if row["first_seen"] else "",
            "day": f"{row['first_seen']:%Y-%m-%d}" if row["first_seen"] else "",
            "reasons": [_reason(part) for part in (row["contributions"] or [])[:4]],
            "events": len(row["evidence"] or []),
        }
        for row in rows
    ]


def _reason(part: Row) -> Row:
    share = part["share"] if part["share"] is not None else 0.0
    return {
        "feature": part["feature"],
        "percent": round(100 * min(max(share, 0.0), 1.0)),
        "value": _short(part["value"]),
        "usual": _short(part["usual"]),
    }


def _short(value: float | None) -> str:
    return shortly(value, none="?")


def split_bars(split: Row | None) -> list[Row]:
    """Return each part with its times and its place on a bar, as percent of the whole span."""
    if split is None:
        return []
    edges = {
        name: [dt.datetime.fromisoformat(part[end]) for end in ("begin", "end")]
        for name, part in split["parts"].items()
    }
    first, last = min(e[0] for e in edges.values()), max(e[1] for e in edges.values())
    seconds = (last - first).total_seconds() or 1.0
    return [
        {
            "part": name,
            "windows": split["parts"][name]["windows"],
            "begin": f"{begin:%Y-%m-%d %H:%M:%S}",
            "end": f"{end:%H:%M:%S}",
            "left": round(100 * (begin - first).total_seconds() / seconds, 2),
            "width": round(100 * (end - begin).total_seconds() / seconds, 2),
        }
        for name, (begin, end) in edges.items()
    ]


def story_rows(source: ReportInput) -> dict[str, Row]:
    """Return what is told of each attack, by its id: ``place`` on the page, findings, tree."""
    return {
        story.attack_id: {
            "place": place,
            "findings": finding_rows(story.findings),
            "tree": nested(story.tree),
        }
        for place, story in enumerate(source.stories, 1)
    }


def cause_rows(source: ReportInput) -> list[Row]:
    """Return one row per side that has false findings: how many, of how many causes, the greatest of them."""
    if source.causes is None:
        return []
    rows = []
    for (side, kind), causes in source.causes.group_by("side", "kind", maintain_order=True):
        shown = [
            row | {"when": f"{row['when']:%H:%M:%S}" if row["when"] else ""}
            for row in causes.head(SHOWN_CAUSES).iter_rows(named=True)
        ]
        more = causes.height - len(shown)
        rows.append(
            {
                "side": side,
                "kind": kind,
                "findings": int(causes["findings"].sum()),
                "causes": causes.height,
                "shown": shown,
                "more": more,
            }
        )
    return rows


def matrix_rows(matrix: pl.DataFrame) -> list[Row]:
    """Return one row per technique with a cell per side."""
    rows: dict[str, Row] = {}
    for row in matrix.iter_rows(named=True):
        told = rows.setdefault(
            row["technique"], {"technique": row["technique"], "attacks": row["attacks"], "cells": {}}
        )
        told["cells"][row["side"]] = row["found"]
    return list(rows.values())
