"""The market's 46 runtime finding types, and what of ours stands for each."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.catalogue import catalogue, standing
from rtml.rules.contract import Rule
from rtml.rules.intelligence.categories import categories
from rtml.rules.reputation.categories import CATEGORIES

__all__ = ["COVERAGE", "catalogue", "coverage", "user_data"]

COVERAGE = pl.Schema({
    "number": pl.Int64(), "type": pl.String(), "severity": pl.String(), "gate": pl.String(),
    "by": pl.List(pl.String()),
})  # fmt: skip
"""One row per finding type; ``by`` names what stands for it: ids of rules and correlations, threat
lists by category (``list:tor``), reputation models by category (``reputation:abused``)."""


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
    pairs = [(rule.finding_type, rule.id) for rule in rules]
    pairs += [(kind, name) for name, kinds in user_data().items() for kind in kinds]
    return pl.DataFrame(standing(pairs), schema=COVERAGE)
