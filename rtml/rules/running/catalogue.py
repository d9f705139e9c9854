"""GuardDuty's 46 runtime finding types, and what of ours stands for each."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.rules.catalogue import catalogue, standing, user_data
from rtml.rules.language.contract import Rule

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
    return pl.DataFrame(standing((rule.finding_type, rule.id) for rule in rules), schema=COVERAGE)
