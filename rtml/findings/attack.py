"""ATT&CK technique ids in the version that a reader expects.

A finding keeps the ids as the rule's author wrote them; ours are of v18, SigmaHQ's have been of v19
since April 2026. An id that differs exists in one version only, so nothing is lost by keeping both,
and a table (`attack.yml`) turns either into the other on the way out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

import polars as pl

from rtml.errors import lookup
from rtml.reading.packaged import packaged_yaml

__all__ = ["TECHNIQUE", "VERSIONS", "renumbered", "technique", "techniques_of", "with_attack"]

VERSIONS = ("written", "v18", "v19")
"""As the rules' authors wrote them; or all of one version."""


TECHNIQUE = r"T[0-9]{4}(?:\.[0-9]{3})?"
"""What an id looks like: a technique, perhaps with a sub-technique."""

_TAG = re.compile(rf"(?:attack\.)?({TECHNIQUE})", re.IGNORECASE)
_LENGTH = len("T0000")


def techniques_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the techniques among the tags of a rule, in their order.

    Sigma writes ``attack.t1059.004``, Falco and Tracee ``T1059.004``.

    Examples
    --------
    >>> techniques_of(["attack.t1059.004", "attack.execution", "T1611", "T16"])
    ('T1059.004', 'T1611')
    """
    matches = (_TAG.fullmatch(tag) for tag in tags)
    return tuple(match[1].upper() for match in matches if match)


def technique(identifier: pl.Expr) -> pl.Expr:
    """Return the technique of an id that may name a sub-technique: ``T1059`` of ``T1059.004``.

    Examples
    --------
    >>> pl.select(technique(pl.lit("T1059.004"))).item()
    'T1059'
    """
    return identifier.str.head(_LENGTH)


@cache
def renumbered(version: str) -> Mapping[str, str]:
    """Return the ids that read otherwise in a version, and how they read there.

    Examples
    --------
    >>> renumbered("v19")["T1562.004"], renumbered("v18")["T1685.006"], dict(renumbered("written"))
    ('T1686', 'T1070.002', {})
    """
    lookup({name: name for name in VERSIONS}, version, "ATT&CK version")
    return MappingProxyType(packaged_yaml("rtml.findings", "attack.yml", dict).get(f"to_{version}", {}))


def with_attack(findings: pl.DataFrame, version: str) -> pl.DataFrame:
    """Return findings with ``techniques`` in a version of ATT&CK.

    Parameters
    ----------
    findings
        `rtml.schema.FINDINGS`; the table itself is not changed.
    version
        One of `VERSIONS`. An id that the table does not name stays as it is.

    Returns
    -------
    The same rows; techniques sorted, each once, null where they were null.

    Examples
    --------
    >>> findings = pl.DataFrame({"techniques": [["T1562.001", "T1562.006", "T1059"], []]},
    ...                         schema={"techniques": pl.List(pl.String)})
    >>> with_attack(findings, "v19")["techniques"].to_list()
    [['T1059', 'T1685'], []]
    """
    names = renumbered(version)
    if not names:
        return findings
    there = pl.element().replace(list(names), list(names.values())).unique().sort()
    return findings.with_columns(pl.col("techniques").list.eval(there))
