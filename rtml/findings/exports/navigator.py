"""A layer of the ATT&CK Navigator, format 4.5: how often each technique was found, and by whom.

A technique that a model's finding only looks like (`rtml.findings.guessing`) is named as a guess in its
metadata and never counted as found.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import polars as pl

from rtml.findings.attack import TECHNIQUE
from rtml.findings.exports.contract import Export, Origin
from rtml.findings.exports.rows import rows_of
from rtml.findings.layer import layer

__all__ = ["NAVIGATOR", "techniques_layer"]

_ID = re.compile(TECHNIQUE)
_COLOURS = ["#fff3e0", "#e57373"]


def techniques_layer(findings: pl.DataFrame) -> dict[str, Any]:
    """Return the layer; a technique's score is the number of findings that name it.

    Examples
    --------
    >>> named = [["T1611"], ["T1611", "T1059.004"], ["?"]]
    >>> rows = pl.DataFrame({"techniques": named, "detector": ["rules"] * 3})
    >>> [(one["techniqueID"], one["score"]) for one in techniques_layer(rows)["techniques"]]
    [('T1059.004', 1), ('T1611', 2)]
    """
    rows = list(rows_of(findings))
    named = Counter(
        (technique, row["detector"])
        for row in rows
        if not row["model"]
        for technique in row["techniques"]
        if _ID.fullmatch(technique)
    )
    guessed = Counter(row["guess"] for row in rows if row["guess"] and _ID.fullmatch(row["guess"]))
    ids = sorted({technique for technique, _ in named} | set(guessed))
    shown = [_technique(one, named, guessed[one]) for one in ids]
    most = max((one["score"] for one in shown), default=1)
    sample = " (samples)" if any(row["sample"] for row in rows) else ""
    return layer(
        f"rtml findings{sample}",
        f"{len(rows):,} findings; guesses at what a model saw are named, not counted",
        shown,
        {"colors": _COLOURS, "minValue": 0, "maxValue": max(most, 1)},
    )


def _technique(one: str, named: Counter[tuple[str, str]], guesses: int) -> dict[str, Any]:
    by = sorted((detector, count) for (technique, detector), count in named.items() if technique == one)
    score = sum(count for _, count in by)
    guess = [{"name": "guessed from anomalies", "value": str(guesses)}] if guesses else []
    return {
        "techniqueID": one,
        "score": score,
        "comment": f"{score} findings" + (f", {guesses} guesses" if guesses else ""),
        "enabled": True,
        "metadata": [*({"name": name, "value": str(count)} for name, count in by), *guess],
    }


def _write(findings: pl.DataFrame, origin: Origin) -> bytes:
    return f"{json.dumps(techniques_layer(findings), allow_nan=False, indent=1)}\n".encode()


NAVIGATOR = Export("navigator", ".json", _write)
