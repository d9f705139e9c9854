"""The market's 46 runtime finding types, and what of ours stands for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml

from rtml.rules.contract import Rule

__all__ = ["COVERAGE", "catalogue", "coverage"]

COVERAGE = pl.Schema({
    "number": pl.Int64(), "type": pl.String(), "severity": pl.String(), "gate": pl.String(),
    "by": pl.List(pl.String()),
})  # fmt: skip
"""One row per finding type; ``by`` names what stands for it: ids of rules and correlations,
``list:CATEGORY`` of threat lists."""


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return type to its facts, in the order of the catalogue.

    Examples
    --------
    >>> len(catalogue()), sum("gate" in facts for facts in catalogue().values())
    (46, 14)
    """
    text = files("rtml.rules").joinpath("catalogue.yml").read_text("utf-8")
    return MappingProxyType(yaml.safe_load(text))


def coverage(rules: Iterable[Rule], lists: Mapping[str, Iterable[str]]) -> pl.DataFrame:
    """Return `COVERAGE`: which rules and lists stand for each type of the catalogue.

    Parameters
    ----------
    rules
        Rules and correlations that are loaded.
    lists
        By name of a source of hits that needs the user's data (``list:tor``), its finding types.

    Returns
    -------
    46 rows in the order of the catalogue; ``by`` is empty where nothing stands for a type.
    """
    known: dict[str, list[str]] = {kind: [] for kind in catalogue()}
    pairs = [(rule.finding_type, rule.id) for rule in rules]
    pairs += [(kind, name) for name, kinds in lists.items() for kind in kinds]
    for kind, name in pairs:
        if kind in known and name not in known[kind]:
            known[kind].append(name)
    rows = [
        {"number": i, "type": kind, "severity": facts["severity"], "gate": facts.get("gate"),
         "by": known[kind]}
        for i, (kind, facts) in enumerate(catalogue().items(), 1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=COVERAGE)
