"""Techniques by sides: how many attacks of each technique a side found; as a table and as an ATT&CK layer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.findings.attack import TECHNIQUE
from rtml.findings.layer import layer
from rtml.reading.whole import write_text
from rtml.text import visible

__all__ = ["LAYER", "attack_layer", "technique_matrix", "write_layer"]

LAYER = "layer.json"
"""Opens in MITRE's ATT&CK Navigator."""

UNSTATED = "not stated"
COLOURS = {"both": "#66b88f", "models only": "#7aa2f7", "rules only": "#f0b27a", "neither": "#e57373"}
_SAID = {
    "both": "found by rules and by models",
    "models only": "some found by models only, none by rules only",
    "rules only": "some found by rules only, none by models only",
    "mixed": "some found by rules only, some by models only",
    "neither": "missed by all",
}
_MIXED = "#c9b458"
_ID = re.compile(rf"\b{TECHNIQUE}\b")


def technique_matrix(ledger: Ledger) -> pl.DataFrame:
    """Return one row per technique and side: ``technique, side, kind, found, attacks``, in order.

    Sides are rules, models and rivals; attacks without a technique are those of ``not stated``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> attacks = pl.DataFrame({"attack_id": ["a", "b"], "technique": ["T1046", None], "found": [True, False],
    ...                         "side": ["forest"] * 2, "kind": ["model"] * 2})
    >>> technique_matrix(SimpleNamespace(attacks=attacks)).rows()
    [('T1046', 'forest', 'model', 1, 1), ('not stated', 'forest', 'model', 0, 1)]
    """
    proper = ledger.attacks.filter(pl.col("kind").is_in(["rules", "model", "rival"]))
    named = proper.with_columns(pl.col("technique").fill_null(UNSTATED))
    sides = named["side"].unique(maintain_order=True).to_list()
    place = pl.col("side").replace_strict(sides, range(len(sides)), return_dtype=pl.Int64)
    return (
        named.group_by("technique", "side", "kind")
        .agg(found=pl.col("found").sum().cast(pl.Int64), attacks=pl.len().cast(pl.Int64))
        .sort(pl.col("technique") == UNSTATED, "technique", place)
    )


def write_layer(ledger: Ledger, folder: Path | str, name: str = "rtml") -> Path:
    """Write `LAYER` into a folder."""
    file = Path(folder) / LAYER
    write_text(file, json.dumps(attack_layer(ledger, name), ensure_ascii=True, indent=1) + "\n")
    return file


def attack_layer(ledger: Ledger, name: str = "rtml") -> dict[str, Any]:
    """Return a layer of the ATT&CK Navigator, format 4.5: techniques found and missed.

    A technique's score is the percentage of its attacks that any rules or models found, its colour tells who;
    its metadata say how many each side found. What is no id of a technique (``T1059.004``) is left out and
    counted in the description: the Navigator refuses nothing, but shows it nowhere.
    """
    matrix, verdicts = technique_matrix(ledger), _verdicts(ledger)
    ids = sorted({found for text in verdicts for found in _ID.findall(text)})
    unnamed = sum(len(told) for text, told in verdicts.items() if not _ID.search(text))
    attacks = ledger.facts["counts"]["attacks"]
    left = f"; {unnamed} without a technique that ATT&CK knows by id" if unnamed else ""
    return layer(
        name,
        f"{attacks} attacks in test time, found and missed by rules and models{left}",
        [_technique(one, matrix, verdicts) for one in ids],
        {"colors": ["#ff6666", "#ffe766", "#8ec843"], "minValue": 0, "maxValue": 100},
        [{"label": said, "color": COLOURS.get(kind, _MIXED)} for kind, said in _SAID.items()],
    )


def _verdicts(ledger: Ledger) -> dict[str, list[str]]:
    """Return the verdicts of the attacks of each technique, as labels name it."""
    rows: dict[str, list[str]] = {}
    for technique, verdict in ledger.by_attack.select("technique", "verdict").iter_rows():
        rows.setdefault(technique or UNSTATED, []).append(verdict)
    return rows


def _technique(one: str, matrix: pl.DataFrame, verdicts: dict[str, list[str]]) -> dict[str, Any]:
    names = [text for text in verdicts if one in _ID.findall(text)]
    told = [verdict for text in names for verdict in verdicts[text]]
    found = sum(verdict != "neither" for verdict in told)
    kind = _who(set(told))
    sides = (
        matrix.filter(pl.col("technique").is_in(names))
        .group_by("side", maintain_order=True)
        .agg(pl.col("found", "attacks").sum())
    )
    return {
        "techniqueID": one,
        "score": round(100 * found / len(told)),
        "color": COLOURS.get(kind, _MIXED),
        "comment": f"{found} of {len(told)} found: {_SAID[kind]}",
        "enabled": True,
        "metadata": [
            {"name": visible(side, 80), "value": f"{hits} of {attacks}"}
            for side, hits, attacks in sides.rows()
        ],
    }


def _who(told: set[str]) -> str:
    """Return who found a technique, over all its attacks.

    Examples
    --------
    >>> _who({"both", "neither"}), _who({"both", "rules only"}), _who({"models only", "rules only"})
    ('both', 'rules only', 'mixed')
    """
    if {"rules only", "models only"} <= told:
        return "mixed"
    return next(kind for kind in ("rules only", "models only", "both", "neither") if kind in told)
