"""Signals of an attack sequence: findings that stand for a tactic, each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from rtml.findings.attack import technique
from rtml.reading.packaged import packaged_yaml
from rtml.schema import FINDINGS, conform

__all__ = ["HOST_SEQUENCE_TYPE", "SEQUENCE_TYPE", "Parameters", "parameters", "signals_of"]

SEQUENCE_TYPE = "AttackSequence:EKS/CompromisedCluster"
"""Finding type of a sequence in a Kubernetes cluster, which is itself never a signal."""

HOST_SEQUENCE_TYPE = "AttackSequence:Runtime/CompromisedContainers"
"""Finding type of a sequence none of whose signals names a pod, a namespace, a cluster or a caller of the
Kubernetes API: a name of our own, for a cluster that is not there cannot be compromised."""


@dataclass(frozen=True)
class Parameters:
    """What ``sequences.yml`` says."""

    window: str
    least_tactics: int
    least_types: int
    least_acts: int
    least_severity: float
    most_pods: int
    shared_actors: tuple[str, ...]
    stages: tuple[str, ...]
    purposes: Mapping[str, str]
    techniques: Mapping[str, str]


@cache
def parameters() -> Parameters:
    """Read the parameters.

    Examples
    --------
    >>> parameters().window, parameters().purposes["CryptoCurrency"]
    ('24h', 'impact')
    """
    values = packaged_yaml("rtml.findings.sequences", "sequences.yml", dict)
    lists = {name: tuple(values[name]) for name in ("shared_actors", "stages")}
    return Parameters(**{**values, **lists})


def signals_of(findings: pl.DataFrame, settings: Parameters | None = None) -> pl.DataFrame:
    """Return the findings that are signals, with ``tactic``.

    Parameters
    ----------
    findings
        `rtml.schema.FINDINGS` of any sources; without those that were archived.
    settings
        Default: those that come with rtml.

    Returns
    -------
    `FINDINGS` and ``tactic``, sorted by ``first_seen`` and ``finding_id``; a finding that comes
    twice (in two files) is there once, as seen last.

    Examples
    --------
    >>> import datetime as dt
    >>> rows = {"finding_id": ["a", "b"], "severity": [8.0, 8.0],
    ...         "type": ["Execution:Runtime/ReverseShell", "Behavior:Kubernetes/ObjectCreated"],
    ...         "first_seen": [dt.datetime(2026, 1, 1)] * 2}
    >>> at = pl.col("first_seen").cast(FINDINGS["first_seen"])
    >>> signals_of(conform(pl.DataFrame(rows).with_columns(at), FINDINGS))["tactic"].to_list()
    ['execution']
    """
    settings = settings or parameters()
    rows = _named(conform(findings, FINDINGS)).filter(
        pl.col("first_seen").is_not_null()
        & (pl.col("severity").fill_null(settings.least_severity) >= settings.least_severity)
        & ~pl.col("type").is_in([SEQUENCE_TYPE, HOST_SEQUENCE_TYPE])
    )
    return (
        rows.with_columns(tactic=_tactic(settings))
        .drop_nulls("tactic")
        .sort("finding_id", "last_seen", "count", "first_seen", "title", nulls_last=False)
        .unique("finding_id", keep="last", maintain_order=True)
        .sort("first_seen", "finding_id")
    )


def _named(findings: pl.DataFrame) -> pl.DataFrame:
    """Give a finding of another tool that has no id one, made of what it says."""
    content = pl.struct("detector", "type", "first_seen", "container_id", "process_id", "title")
    made = pl.format("unnamed-{}", content.hash(0))
    return findings.with_columns(finding_id=pl.coalesce("finding_id", made))


def _tactic(settings: Parameters) -> pl.Expr:
    purpose = pl.col("type").str.split(":").list.first()
    roots = pl.col("techniques").list.eval(
        technique(pl.element()).replace_strict(settings.techniques, default=None, return_dtype=pl.String)
    )
    return pl.coalesce(
        purpose.replace_strict(settings.purposes, default=None, return_dtype=pl.String),
        roots.list.drop_nulls().list.first(),
    )
