"""From challenger to champion: by a paired test on the same attacks (`rtml.tracking.challenge`), or not.

A run's main side (tag ``rtml.side``) is set against that of the champion's run. Every challenge is noted on
the champion's version, every outcome on the challenger's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from rtml.errors import RtmlError, UsageError
from rtml.reading.json_text import json_of
from rtml.reading.parquet import read_parquet
from rtml.tracking.challenge import Challenge, Judged, compared, corrected, unopposed
from rtml.tracking.store import clear_errors, mlflow_here, tracking_uri
from rtml.tracking.tags import CHALLENGED, PROMOTION, SIDE, TEST

__all__ = ["CHAMPION", "promote"]

CHAMPION = "champion"
"""Alias of the version that scoring takes as ``models:/NAME@champion``."""


def promote(place: str, alpha: float = 0.05, first: bool = False) -> Challenge:
    """Make a run's model the champion if a paired test says that it finds more.

    Parameters
    ----------
    place
        A run of an experiment (its id, or ``runs:/ID/model``), or a version, ``models:/NAME/3`` or
        ``models:/NAME@challenger``.
    alpha
        The p-value must lie below.
    first
        Where there is no champion yet there is nothing to be tested against: take it as it is, if it kept
        its budget.

    Returns
    -------
    The outcome; the model's version carries it as a tag.

    Raises
    ------
    UsageError
        ``alpha`` is no probability, ``place`` names no run.
    RtmlError
        There is no such version, its run is of no experiment, or MLflow does not answer.
    """
    if not 0 < alpha < 1:
        raise UsageError(f"alpha {alpha:g}: must lie between 0 and 1", argument="alpha")
    mlflow = mlflow_here()
    with clear_errors(mlflow, tracking_uri()):
        client = mlflow.MlflowClient()
        version = _version(client, place)
        champion, new = _champion(client, version.name), _judged(mlflow, version)
        if champion is None:
            outcome = unopposed(version.name, new, first)
        else:
            outcome = compared(version.name, new, _judged(mlflow, champion))
            if outcome.p_value is not None:
                challenges = _challenges(client, champion, version, outcome.p_value)
                outcome = corrected(outcome, challenges, alpha)
        client.set_model_version_tag(version.name, version.version, PROMOTION, outcome.sentence())
        if outcome.promoted:
            client.set_registered_model_alias(version.name, CHAMPION, version.version)
    return outcome


def _challenges(client: Any, champion: Any, version: Any, p_value: float) -> int:
    """Note this challenge on the champion; return how many runs have challenged it."""
    key = f"{CHALLENGED}.{version.run_id}"
    client.set_model_version_tag(champion.name, champion.version, key, f"{p_value:.6g}")
    return len({key, *(name for name in champion.tags if name.startswith(CHALLENGED))})


def _version(client: Any, place: str) -> Any:
    """Return the registered version of a run, or the one that a ``models:`` URI names."""
    if place.startswith("models:/"):
        name, at, alias = place.removeprefix("models:/").rpartition("@")
        if at:
            return client.get_model_version_by_alias(name, alias)
        name, _, number = place.removeprefix("models:/").rpartition("/")
        return client.get_model_version(name, number)
    run_id = place.removeprefix("runs:/").partition("/")[0]
    if not run_id.isalnum():
        raise UsageError(f"{place!r}: give the id of a run, or models:/NAME/VERSION", argument="run")
    versions = client.search_model_versions(f"run_id = '{run_id}'")
    if not versions:
        raise RtmlError(f"run {run_id}: no version of a model is registered; an experiment's run makes one")
    return max(versions, key=lambda version: int(version.version))


def _champion(client: Any, name: str) -> Any:
    number = client.get_registered_model(name).aliases.get(CHAMPION)
    return None if number is None else client.get_model_version(name, number)


def _judged(mlflow: ModuleType, version: Any) -> Judged:
    """Read what a version's run found from the ledger that it logged."""
    tags = mlflow.MlflowClient().get_run(version.run_id).data.tags if version.run_id else {}
    if SIDE not in tags or TEST not in tags:
        raise RtmlError(f"version {version.version} of {version.name}: its run judged nothing against labels")
    with tempfile.TemporaryDirectory() as place:
        table, text = (
            Path(mlflow.artifacts.download_artifacts(f"runs:/{version.run_id}/{name}", dst_path=place))
            for name in ("ledger.parquet", "ledger.json")
        )
        attacks, ledger = read_parquet(table), json_of(text.read_text("utf-8"))
    found = attacks.filter(pl.col("side") == tags[SIDE]).select("attack_id", "found")
    row = next(side for side in ledger["sides"] if side["side"] == tags[SIDE])
    kept = row.get("budget") != "broken"
    return Judged(str(version.version), tags[TEST], found, float(row["false"]), kept)
