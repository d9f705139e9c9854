"""What an experiment keeps, so that its findings can be judged again with the same result.

``findings.parquet`` and ``scores.parquet`` hold every side, told apart by ``detector``;
``windows.parquet`` what the models saw, by container and window, ``tree_features.parquet`` and
``trees.parquet`` what they saw and said of each process tree of the test; ``dial.parquet`` what rules find
when they are tuned to other budgets; ``drift.parquet`` which peer groups are no more like calibration;
``sides.json`` what no table says: the sides in their order, and on which terms they were judged. A finding
of the rules has one ``finding_id``, however often it stands there: as the rules come, and tuned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from rtml.errors import RtmlError
from rtml.evaluation import Side
from rtml.models import Scored
from rtml.rules.running.scores import score_table

__all__ = ["SIDES", "Result", "SideFacts", "Kind", "Terms", "write_result", "read_result"]

SIDES = "sides.json"
Kind = Literal["rules", "model", "rival"]
_KEY = ["container_id", "window"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Terms(_Strict):
    """On which terms sides are judged: length of a window, from when on, seed of resampling, budget, scope.

    ``scope`` is the section as JSON (`rtml.captures.scope.scope_of`); empty: everything was looked at.
    """

    window: str = "60s"
    since: dt.datetime | None = None
    seed: int = 0
    budget: float = 1.0
    scope: str = ""


class SideFacts(_Strict):
    """A side (`rtml.evaluation.Side`) without its tables; ``detector`` finds its rows in them."""

    detector: str
    name: str
    kind: Kind
    fitted_until: dt.datetime | None = None
    note: str = ""
    asked: float | None = None
    calibrated: float | None = None


class Result(_Strict):
    """The content of ``sides.json``."""

    format: Literal[1] = 1
    terms: Terms
    sides: tuple[SideFacts, ...]
    inputs: dict[str, str] = {}


def write_result(
    out: Path,
    sides: Sequence[Side],
    terms: Terms,
    windows: pl.DataFrame,
    scored: Scored,
    inputs: Mapping[str, str] | None = None,
) -> None:
    """Write the findings and scores of all sides, the windows, and what the sides are.

    Parameters
    ----------
    out
        Folder, which exists.
    sides
        Of rules, models and rivals.
    windows
        Of all parts of time.
    scored
        Of the models; its windows are those that the sides have scores for.
    inputs
        Digests of what was read (`rtml.experiment.inputs`).
    """
    described = tuple(_described(side) for side in sides)
    result = Result(terms=terms, sides=described, inputs=dict(inputs or {}))
    by_detector = dict(zip([side.detector for side in result.sides], sides, strict=True))
    findings = [side.findings.with_columns(detector=pl.lit(name)) for name, side in by_detector.items()]
    extra = [
        score_table(name, _placed(side.scores, scored.windows))
        for name, side in by_detector.items()
        if side.kind != "model" and side.scores is not None
    ]
    tables = {
        "windows": windows,
        "scores": pl.concat([scored.scores, *extra]),
        "trees": scored.by_tree(),
        "tree_features": scored.trees,
        "drift": scored.drift,
        "findings": pl.concat(findings),
    }
    for name, table in (tables | _dials(by_detector)).items():
        table.write_parquet(out / f"{name}.parquet", compression="zstd")
    (out / SIDES).write_text(result.model_dump_json(indent=1) + "\n", "utf-8")


def _dials(sides: Mapping[str, Side]) -> dict[str, pl.DataFrame]:
    """Return the findings of sides that were tuned to each budget, told apart by detector and ``asked``."""
    rows = [
        findings.with_columns(detector=pl.lit(name), asked=pl.lit(asked))
        for name, side in sides.items()
        for asked, findings in (side.dial or {}).items()
    ]
    return {"dial": pl.concat(rows)} if rows else {}


def _described(side: Side) -> SideFacts:
    detector = side.name.replace(",", "").replace(" ", "_")
    facts = {
        name: getattr(side, name) for name in ("name", "kind", "fitted_until", "note", "asked", "calibrated")
    }
    return SideFacts.model_validate({"detector": detector, **facts})


def _placed(scores: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    places = windows.select(*_KEY, "workload", "complete")
    return scores.join(places, on=_KEY, how="left", maintain_order="left")


def read_result(path: Path) -> Result:
    """Read ``sides.json``.

    Raises
    ------
    RtmlError
        The file cannot be read, or is none that an experiment wrote.
    """
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RtmlError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise RtmlError(f"{path}: not written by an experiment: {where}: {first['msg']}") from error
