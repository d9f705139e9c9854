"""What a leaderboard compares: which sets, which sides, which threshold. ``experiments/leaderboard.yml``."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rtml.datasets import DATASETS
from rtml.datasets.rows import Early
from rtml.detectors import DETECTORS, detector_class
from rtml.errors import UsageError, did_you_mean, lookup
from rtml.reading.faults import Amount, Seed, validated
from rtml.reading.user_yaml import read_yaml

__all__ = ["Leaderboard", "OwnScores", "OwnTable", "load_leaderboard", "only_of"]

_MOST_BYTES = 1_000_000
_TABLES = ("isolation_forest", "half_space_trees", "largest_z", "pca_residual")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OwnScores(_Strict):
    """A table of scores of your own: ``group``, ``attack``, ``detector``, ``score``, perhaps ``role``."""

    path: Path
    row: str = "row"
    row_seconds: Amount | None = Field(None, gt=0)


class OwnTable(OwnScores):
    """A table of features of your own: see `rtml.datasets.rows.KEYS`."""

    early_attacks: Early = "refuse"


class Leaderboard(_Strict):
    """Everything that decides a leaderboard."""

    name: str = "leaderboard"
    sets: list[str] = list(DATASETS.own)
    aim: Amount = Field(0.001, gt=0, lt=0.5)
    """Share of benign rows that thresholds may flag, from calibration rows alone."""
    seeds: list[Seed] = Field([1, 2, 3], min_length=1)
    """Of detectors that draw at random: the median run is shown, with the range."""
    detectors: list[str] = list(_TABLES)
    """Sides of tables."""
    event_detectors: list[str] = [
        "surprise",
        "isolation_forest",
        "half_space_trees",
        "largest_z",
        "pca_residual",
    ]
    """Sides of sets that have events."""
    combine: list[str] = ["largest_z", "pca_residual"]
    """What is joined for tables: mean of margins, one threshold."""
    event_combine: list[str] = ["surprise", "half_space_trees", "isolation_forest"]
    """What is joined for sets that have events."""
    tables: dict[str, OwnTable] = {}
    scores: dict[str, OwnScores] = {}

    def digest(self) -> str:
        """Short hash of what is compared: the same sides and thresholds give the same name."""
        text = self.model_dump_json(exclude={"name", "sets", "tables", "scores"})
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @field_validator("sets")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in DATASETS:
                raise ValueError(f"unknown data set {name!r}; {did_you_mean(name, DATASETS)}")
        return list(dict.fromkeys(names))

    @field_validator("detectors", "event_detectors", "combine", "event_combine")
    @classmethod
    def _detectors(cls, kinds: list[str]) -> list[str]:
        for kind in kinds:
            detector_class(kind)
            if kind in DETECTORS.own and DETECTORS[kind].trivial:
                raise ValueError(f"{kind} is in every table already")
        return list(dict.fromkeys(kinds))


def load_leaderboard(path: Path) -> Leaderboard:
    r"""Read a leaderboard file; paths in it are relative to it.

    Raises
    ------
    UsageError
        The file is absent or no YAML mapping, a key is unknown, or a value is wrong.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "board.yml"
    >>> _ = file.write_text("sets: [cdl]\nseeds: [7]")
    >>> load_leaderboard(file).sets
    ['cdl']
    >>> _ = file.write_text("sets: [cld]")
    >>> load_leaderboard(file)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...board.yml: sets: unknown data set 'cld'; did you mean 'cdl'?
    """
    values = read_yaml(path, dict, "a leaderboard is a mapping of keys to values", _MOST_BYTES)
    for kind in ("tables", "scores"):
        own = values.get(kind)
        for entry in own.values() if isinstance(own, dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                entry["path"] = str(path.parent / entry["path"])
    board = validated(Leaderboard, values, str(path))
    twice = (
        {*board.sets} & {*board.tables} | {*board.sets} & {*board.scores} | {*board.tables} & {*board.scores}
    )
    if twice:
        raise UsageError(f"{path}: two entries are called {sorted(twice)[0]!r}")
    return board


def only_of(board: Leaderboard, names: Collection[str]) -> Leaderboard:
    """Return a board of the entries with these names only; of all where none is named.

    Raises
    ------
    UsageError
        The board has no such entry.

    Examples
    --------
    >>> only_of(Leaderboard(), ["cdl"]).sets
    ['cdl']
    >>> only_of(Leaderboard(), ["cdll"])
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown entry 'cdll'; did you mean 'cdl'?
    """
    if not names:
        return board
    known = dict.fromkeys([*board.sets, *board.tables, *board.scores])
    for name in names:
        lookup(known, name, "entry")
    return board.model_copy(
        update={
            "sets": [name for name in board.sets if name in names],
            "tables": {name: table for name, table in board.tables.items() if name in names},
            "scores": {name: table for name, table in board.scores.items() if name in names},
        }
    )
