"""GuardDuty's 46 runtime finding types, and what of ours stands for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml

from rtml.rules.intelligence.categories import categories
from rtml.rules.language.contract import Rule
from rtml.rules.reputation.categories import CATEGORIES

__all__ = ["COVERAGE", "catalogue", "coverage", "user_data"]

COVERAGE = pl.Schema(
    {
        "number": pl.Int64(),
        "type": pl.String(),
        "severity": pl.String(),
        "gate": pl.String(),
        "by": pl.List(pl.String()),
    }
)
"""One row per finding type; ``by`` names what stands for it: ids of rules and correlations, threat
lists by category (``list:tor``), reputation models by category (``reputation:abused``)."""


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


def user_data() -> dict[str, tuple[str, ...]]:
    """Return the finding types of what works on data that the user names: lists and models.

    Examples
    --------
    >>> user_data()["list:tor"]
    ('UnauthorizedAccess:Runtime/TorClient', 'UnauthorizedAccess:Runtime/TorRelay')
    """
    lists = {f"list:{name}": tuple(one.types.values()) for name, one in categories().items()}
    models = {f"reputation:{name}": (kind.finding_type,) for name, kind in CATEGORIES.items()}
    return {**lists, **models}


def coverage(rules: Iterable[Rule]) -> pl.DataFrame:
    """Return `COVERAGE`: what stands for each type of the catalogue.

    Parameters
    ----------
    rules
        Rules and correlations that are loaded; `user_data` is added.

    Returns
    -------
    46 rows in the order of the catalogue; ``by`` is empty where nothing stands for a type.
    """
    known: dict[str, list[str]] = {kind: [] for kind in catalogue()}
    pairs = [(rule.finding_type, rule.id) for rule in rules]
    pairs += [(kind, name) for name, kinds in user_data().items() for kind in kinds]
    for kind, name in pairs:
        if kind in known and name not in known[kind]:
            known[kind].append(name)
    rows = [
        {
            "number": i,
            "type": kind,
            "severity": facts["severity"],
            "gate": facts.get("gate"),
            "by": known[kind],
        }
        for i, (kind, facts) in enumerate(catalogue().items(), 1)
    ]
    return pl.DataFrame(rows, schema=COVERAGE)
