"""Read a ledger that was written: what a finished run says, without judging again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from rtml.errors import MissingFileError, RtmlError
from rtml.evaluation.budget import CURVE
from rtml.evaluation.by_attack import by_attack
from rtml.evaluation.by_grade import BY_GRADE
from rtml.evaluation.headline import HEADLINE
from rtml.evaluation.ledger import MEASURES, Ledger
from rtml.evaluation.points import POINTS
from rtml.reading.json_text import json_of
from rtml.reading.parquet import read_parquet
from rtml.report.ledger_files import MEASURED

__all__ = ["read_ledger"]


def read_ledger(folder: Path | str) -> Ledger:
    """Return the ledger that `rtml.report.write_ledger` wrote into a folder.

    Thresholds of infinity are null: JSON has none.

    Raises
    ------
    MissingFileError
        There is no ledger.
    RtmlError
        A file of it cannot be read, or says something else.

    Examples
    --------
    >>> read_ledger("no/such/run")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/run: no ledger here (ledger.json is missing)
    """
    place = Path(folder)
    if not (place / "ledger.json").is_file():
        raise MissingFileError(f"{place}: no ledger here (ledger.json is missing)")
    try:
        said = json_of((place / "ledger.json").read_bytes())
        attacks = read_parquet(place / "ledger.parquet")
        return Ledger(
            pl.DataFrame([_row(side) for side in said["sides"]], infer_schema_length=None),
            attacks,
            by_attack(attacks),
            pl.DataFrame(said["budget_curve"], schema=CURVE),
            pl.DataFrame(said["operating_points"], schema=POINTS),
            dict(said["facts"]),
            pl.DataFrame(said["headline"], schema=HEADLINE),
            read_parquet(place / MEASURED),
            pl.DataFrame(said["by_grade"], schema=BY_GRADE),
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise RtmlError(f"{place}: its ledger cannot be read ({reason}); run it again") from error


def _row(side: Mapping[str, Any]) -> dict[str, Any]:
    """Return a side with its measures laid out flat, as `Ledger.summary` has them."""
    flat: dict[str, Any] = {}
    for name, value in side.items():
        if name not in MEASURES:
            flat[name] = value
            continue
        flat[name] = value["value"]
        flat |= {f"{name}_{end}": value[end] for end in ("low", "high", "method", "reason")}
    return flat
