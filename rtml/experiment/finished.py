"""Finished runs: what a folder of `rtml experiment run` (or of `rtml evaluate`) says about its sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.evaluation.headline import HEADLINE
from rtml.evaluation.measures import ROWS
from rtml.reading.json_text import json_of
from rtml.reading.parquet import read_parquet
from rtml.report import MEASURED

__all__ = ["Finished", "read_finished", "read_runs", "refuse_unequal"]

_SUMMARY = pl.Schema({"side": pl.String(), "kind": pl.String(), "false": pl.Float64(), "days": pl.Float64()})
_ATTACKS = ("attack_id", "technique", "container_id", "start", "end", "side", "kind", "found")


@dataclass(frozen=True, repr=False)
class Finished:
    """A run, as `rtml.evaluation.paired` reads it. ``facts``, ``headline``: see `rtml.evaluation.Ledger`."""

    folder: Path
    summary: pl.DataFrame
    attacks: pl.DataFrame
    measures: pl.DataFrame
    headline: pl.DataFrame
    facts: Mapping[str, Any]

    def __repr__(self) -> str:
        """Say in a line which run it is."""
        return f"Finished({str(self.folder)!r}: {self.summary.height} sides)"

    @property
    def labels(self) -> str | None:
        """Digest of the labels that it was judged by; null where an older rtml wrote it."""
        return (self.facts.get("labels") or {}).get("digest")

    @property
    def exposure(self) -> dict[str, Any]:
        """What was judged: hours, windows, the unit; begin and end of the test where a split says."""
        split = self.facts.get("split") or {}
        test = (split.get("parts") or {}).get("test") or {}
        names = ("test_container_hours", "windows", "unit", "grace_seconds")
        known = {name: self.facts.get(name) for name in names}
        return known | {f"test {end}": test[end] for end in ("begin", "end") if end in test}


def read_finished(folder: Path) -> Finished:
    """Read the ledger in a folder.

    Raises
    ------
    MissingFileError
        There is no such folder, or it holds no ledger.
    RtmlError
        A file of it cannot be read, or says something else.

    Examples
    --------
    >>> read_finished(Path("no/such/run"))
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/run: no run here (ledger.json is missing); `rtml experiment run ...
    """
    if not (folder / "ledger.json").is_file():
        hint = "`rtml experiment run CONFIG` makes one"
        raise MissingFileError(f"{folder}: no run here (ledger.json is missing); {hint}")
    try:
        ledger = json_of((folder / "ledger.json").read_bytes())
        sides = [{name: row[name] for name in _SUMMARY} for row in ledger["sides"]]
        return Finished(
            folder,
            pl.DataFrame(sides, schema=_SUMMARY),
            read_parquet(folder / "ledger.parquet").select(_ATTACKS),
            read_parquet(folder / MEASURED).select(ROWS.names()),
            pl.DataFrame(ledger["headline"], schema=HEADLINE),
            dict(ledger["facts"]),
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise RtmlError(f"{folder}: its ledger cannot be read ({reason}); run it again") from error


def read_runs(folders: Sequence[Path]) -> dict[str, Finished]:
    """Read several runs, each by a name of its own: its folder's, with those above where that is needed.

    Raises
    ------
    UsageError
        Fewer than two, or one folder twice.
    """
    places = [folder.resolve() for folder in folders]
    if len(places) < 2:
        raise UsageError("nothing to compare: give at least two runs")
    for place in places:
        if places.count(place) > 1:
            raise UsageError(f"{place}: the same run was named twice")
    return {
        _called(place, places): read_finished(folder) for place, folder in zip(places, folders, strict=True)
    }


def _called(place: Path, places: Sequence[Path]) -> str:
    """Return the shortest end of a path that no other has."""
    for length in range(1, len(place.parts) + 1):
        name = place.parts[-length:]
        if sum(other.parts[-length:] == name for other in places) == 1:
            return "/".join(name)
    return str(place)


def refuse_unequal(runs: Mapping[str, Finished]) -> None:
    """Refuse runs that were not judged by the same labels over the same time.

    Raises
    ------
    RtmlError
        Labels or exposure differ, or a run does not say by which labels it was judged.
    """
    first, *others = runs
    for name, run in runs.items():
        if run.labels is None:
            raise RtmlError(f"run {name!r} does not say by which labels it was judged; run it again")
    for name in others:
        ours, theirs = runs[first], runs[name]
        if ours.labels != theirs.labels:
            raise RtmlError(
                f"runs {first!r} and {name!r} were judged by different labels (digests {ours.labels} and "
                f"{theirs.labels}): who found what would say nothing; use the same labels"
            )
        for what in ours.exposure.keys() & theirs.exposure.keys():
            here, there = ours.exposure[what], theirs.exposure[what]
            if here != there:
                raise RtmlError(
                    f"runs {first!r} and {name!r} were not judged over the same time: {what} is {here} in "
                    f"the first and {there} in the second; use the same capture, split and window"
                )
