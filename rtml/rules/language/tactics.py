"""What a Kubernetes API call is typical of: one of five tactics, from ``mappings/k8s_tactics.yml``.

GuardDuty's finding types for callers (anonymous, of a listed address) exist once per tactic, but
which calls count as which is unpublished: the table is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from rtml.reading.packaged import packaged_yaml

__all__ = ["NEEDS", "tactic"]

NEEDS = ("verb", "resource", "subresource")
"""Audit columns that `tactic` reads."""


@cache
def _table() -> list[Mapping[str, Any]]:
    return packaged_yaml("rtml.rules", "mappings/k8s_tactics.yml", list)


def tactic() -> pl.Expr:
    """Return the tactic of an API call: of the first line of the table that it meets.

    Examples
    --------
    >>> calls = pl.DataFrame({"verb": ["list", "create", "get", None],
    ...     "resource": ["secrets", "pods", None, None], "subresource": [None, "exec", None, None]})
    >>> calls.select(tactic()).to_series().to_list()
    ['CredentialAccess', 'Impact', 'Discovery', None]
    """
    chosen = pl.lit(None, pl.String)
    for line in reversed(_table()):
        chosen = pl.when(_meets(line)).then(pl.lit(line["tactic"])).otherwise(chosen)
    return pl.when(pl.col("verb").is_not_null()).then(chosen).alias("tactic")


def _meets(line: Mapping[str, Any]) -> pl.Expr:
    resource = pl.concat_str("resource", "subresource", separator="/", ignore_nulls=True)
    tests = [pl.lit(True)]
    if "verbs" in line:
        tests.append(pl.col("verb").cast(pl.String).str.to_lowercase().is_in(line["verbs"]))
    if "resources" in line:
        tests.append(resource.str.to_lowercase().is_in(line["resources"]))
    return pl.all_horizontal(tests).fill_null(False)
