"""Run a leaderboard: every set that is there is prepared if need be, judged, and set beside the others."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from rtml.boards.config import Leaderboard
from rtml.boards.entries import board_of
from rtml.boards.judging import judge_own_scores, judge_own_table, judge_set
from rtml.datasets import dataset_of
from rtml.datasets.card import Card, verified
from rtml.datasets.contract import Dataset
from rtml.datasets.finding import find
from rtml.datasets.preparing import prepare
from rtml.errors import MissingFileError, RtmlError
from rtml.progress import report

__all__ = ["Board", "run_leaderboard"]


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    ``table``: `rtml.boards.entries.BOARD`. ``cards``: of the sets that were judged. ``absent``: sets that
    are not there, which say where to get them. ``failed``: sets that are there and could not be judged, with
    the reason.
    """

    table: pl.DataFrame
    cards: dict[str, Card] = field(default_factory=dict)
    absent: list[Dataset] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def run_leaderboard(board: Leaderboard, places: Sequence[Path]) -> Board:
    """Judge every set of a board that is there, and every table of the user's own.

    Parameters
    ----------
    places
        Folders to look for sets in: the sets themselves, prepared or as published, or folders of them.

    Returns
    -------
    The board. A set that cannot be read or judged is named with its reason and stops no other.

    Raises
    ------
    MissingFileError
        Nothing that the board names is there.
    """
    found = {name: find(dataset_of(name), places) for name in board.sets}
    absent = [dataset_of(name) for name, place in found.items() if place is None]
    here = {name: place for name, place in found.items() if place is not None}
    total = len(here) + len(board.tables) + len(board.scores)
    if not total:
        where = ", ".join(map(str, places))
        raise MissingFileError(f"{where}: none of {', '.join(board.sets)} is there")
    made = Board(pl.DataFrame(), absent=absent)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as half:
        for done, (name, (folder, prepared)) in enumerate(here.items()):
            report("leaderboard", done, total, "sets")
            try:
                place = folder if prepared else _prepared(name, folder, Path(half))
                made.cards[name] = verified(place)
                rows += judge_set(place, made.cards[name], board, kept=prepared)
            except RtmlError as error:
                made.failed[name] = str(error)
    rows += _own(board, made.failed)
    report("leaderboard", total, total, "sets")
    return Board(board_of(rows), made.cards, absent, made.failed)


def _prepared(name: str, source: Path, place: Path) -> Path:
    prepare(dataset_of(name), source, place / name)
    return place / name


def _own(board: Leaderboard, failed: dict[str, str]) -> list[dict[str, Any]]:
    """Judge the user's own tables; what is wrong with one is kept in ``failed``."""
    rows: list[dict[str, Any]] = []
    for name, table in board.tables.items():
        try:
            rows += judge_own_table(name, table, board)
        except RtmlError as error:
            failed[name] = str(error)
    for name, scores in board.scores.items():
        try:
            rows += judge_own_scores(name, scores, board)
        except RtmlError as error:
            failed[name] = str(error)
    return rows
