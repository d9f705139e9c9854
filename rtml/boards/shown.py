"""Numbers of a board as people read them: one text per cell, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from rtml.boards.entries import MEASURES
from rtml.text import visible

__all__ = ["COLUMNS", "cells", "limits"]

COLUMNS = ("side", "found", "false", "false rows", "per c.-day", "AUROC", "AP (random)", "budget")


def cells(row: Mapping[str, Any], brief: bool = False) -> list[str]:
    """Return what is shown of a row of `rtml.boards.entries.BOARD`, in the order of `COLUMNS`.

    Parameters
    ----------
    brief
        Leave out the intervals of rates and of the ranking, for a terminal.

    Examples
    --------
    >>> row = {"set": "cdl", "side": "x", "found": 51.0, "attacks": 60.0, "auroc": 0.5}
    >>> shown = dict(zip(COLUMNS, cells(row), strict=True))
    >>> shown["found"], shown["AUROC"], shown["false"]
    ('51 of 60', '0.500', '–')
    """
    get = row.get
    return [
        visible(str(get("side"))),
        _found(row),
        "–" if get("false") is None else f"{get('false'):,.0f}{_of(get('benign'))}",
        _number(row, "false_share", "{:.2%}"),
        _number(row, "rate", "{:,.3g}", brief),
        _number(row, "auroc", "{:.3f}", brief),
        _precision(row, brief),
        _budget(row),
    ]


def _of(number: float | None) -> str:
    return "" if number is None else f" of {number:,.0f}"


def _found(row: Mapping[str, Any]) -> str:
    if row.get("found") is None:
        return f"–{_of(row.get('attacks'))}"
    low, high = row.get("recall_low"), row.get("recall_high")
    interval = f" [{low:.0%}–{high:.0%}]" if low is not None and high is not None else ""
    number = row["found"]
    return f"{number:,.0f}{_of(row.get('attacks'))}{interval}"


def _number(row: Mapping[str, Any], name: str, form: str, brief: bool = False) -> str:
    value, low, high = (row.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    if brief or low is None or high is None:
        return form.format(value)
    return f"{form.format(value)} [{form.format(low)}–{form.format(high)}]"


def _precision(row: Mapping[str, Any], brief: bool) -> str:
    shown = _number(row, "average_precision", "{:.3f}", brief)
    share = row.get("prevalence")
    return shown if share is None or shown == "–" else f"{shown} ({share:.3f})"


def _budget(row: Mapping[str, Any]) -> str:
    asked, unit = row.get("asked"), row.get("asked_unit")
    if asked is None:
        return "–"
    wanted = f"{asked:.2%} of rows" if unit == "of rows" else f"{asked:g} a day"
    return f"{wanted}: {row.get('budget') or 'not judged'}"


def limits(rows: pl.DataFrame) -> list[str]:
    """Return what is to be said of a set: about all of it, then what its rows cannot carry, each once.

    Examples
    --------
    >>> rows = pl.DataFrame({"set_note": ["short", "short"], "not_judged": ["auroc: few; rate: few", None]})
    >>> limits(rows)
    ['short', 'not judged: few']
    """
    notes = [note for text in rows["set_note"].drop_nulls().to_list() for note in text.split("\n")]
    texts = notes + [
        f"not judged: {reason.split(': ', 1)[1]}" if reason.split(": ")[0] in MEASURES else reason
        for reasons in rows["not_judged"].drop_nulls().to_list()
        for reason in reasons.split("; ")
    ]
    return list(dict.fromkeys(texts))
