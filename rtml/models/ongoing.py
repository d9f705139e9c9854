"""A stream between two batches: all that the next one needs, bounded, and kept with the model.

What lies within the hold is kept as raw events, for it is judged again when more is known; of what is settled
only what later findings, roll-outs and learning depend on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import polars as pl

from rtml.baselines import Baseline
from rtml.captures.processes import PROCESSES
from rtml.detectors import Detector, load_detector
from rtml.errors import RtmlError
from rtml.features.following import ACTIVE, FIRST, TAKEN, Sightings
from rtml.features.source import LOST
from rtml.models.alarmed import Alarmed
from rtml.models.learners import HELD
from rtml.models.pace import Pace
from rtml.models.watching import COUNTED, Watching, WatchState
from rtml.reading.parquet import read_parquet
from rtml.reading.state import State, read_state, write_state
from rtml.schema import IDENTITY

__all__ = ["Backlog", "Ongoing", "read_ongoing", "write_ongoing"]

_OWN = ("events", "processes", "identity", "lost", "held", "waiting")
_IDENTITY = pl.Schema(dict.fromkeys(IDENTITY, pl.String()))


@dataclass
class Backlog:
    """The source (`rtml.features.source.Source`) of what is to be read again.

    ``events`` has no column when there is none.
    """

    events: pl.DataFrame = field(default_factory=pl.DataFrame)
    processes: pl.DataFrame = field(default_factory=PROCESSES.to_frame)
    identity: pl.DataFrame = field(default_factory=_IDENTITY.to_frame)
    lost: pl.DataFrame = field(default_factory=LOST.to_frame)


@dataclass
class Ongoing(Backlog):
    """The state of a stream; ``events``, ``processes``, ``identity`` and ``lost`` are what is not settled.

    Parameters
    ----------
    pace
        How it goes.
    budget
        False findings per container-day, where it is not the model's own.
    sightings
        What replicas have shown for the first time.
    known, hour, held
        As in `rtml.models.learners.Learners`.
    alarms
        Settled alarms that findings may still grow from.
    shown
        Identities of the findings that were told and may change.
    watermark
        Time of the last event.
    began
        Time of the first one.
    fitted_until
        End of what the model was trained on.
    waiting
        Events of trees that alarmed: held back from the baseline.
    watching
        Who drifts.
    renewed
        When the baseline last took up what was put by (`rtml.models.renewal`).
    old, fresh
        The baseline as it last faded, and what came since.
    ahead, urgent, seen_until
        Of a stream that looks twice (`rtml.models.looking`): what its first look needs of the time before,
        the alarms that it told, and where it stopped.
    """

    pace: Pace = field(default_factory=Pace)
    budget: float | None = None
    sightings: Sightings = field(default_factory=Sightings)
    known: dict[str, Detector] = field(default_factory=dict)
    hour: dt.datetime | None = None
    held: pl.DataFrame = field(default_factory=HELD.to_frame)
    alarms: Alarmed = field(default_factory=Alarmed)
    shown: list[str] = field(default_factory=list)
    watermark: dt.datetime | None = None
    began: dt.datetime | None = None
    fitted_until: dt.datetime | None = None
    waiting: pl.DataFrame = field(default_factory=pl.DataFrame)
    watching: Watching = field(default_factory=Watching)
    renewed: dt.datetime | None = None
    old: Baseline = field(default_factory=Baseline)
    fresh: Baseline = field(default_factory=Baseline)
    ahead: Backlog = field(default_factory=Backlog)
    urgent: Alarmed = field(default_factory=Alarmed)
    seen_until: dt.datetime | None = None

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return every table by a name of its own."""
        sightings = {part.name: getattr(self.sightings, part.name) for part in fields(Sightings)}
        parts = (("alarms", self.alarms), ("urgent", self.urgent), ("ahead", self.ahead))
        several = {
            f"{name}-{part.name}": getattr(one, part.name) for name, one in parts for part in fields(one)
        }
        seen = {"watched": self.watching.counted}
        return {**seen, **{name: getattr(self, name) for name in _OWN}, **sightings, **several}


class OngoingState(State):
    """What is no table."""

    hold: float
    release: float
    half_life: float | None
    budget: float | None
    hour: str | None
    watermark: str | None
    began: str | None
    fitted_until: str | None
    renewed: str | None
    seen_until: str | None = None
    learning: bool = True
    shown: list[str]
    known: dict[str, str]
    watches: dict[str, WatchState]


_TIMES = ("hour", "watermark", "began", "fitted_until", "renewed", "seen_until")
_FIXED = {"processes": PROCESSES, "identity": _IDENTITY, "lost": LOST, "first": FIRST, "taken": TAKEN,
          "last": ACTIVE, "watched": COUNTED}  # fmt: skip


def write_ongoing(going: Ongoing, folder: Path) -> None:
    """Write a stream's state into a folder: Parquet, JSON and detectors."""
    folder.mkdir(parents=True)
    pace, halving = going.pace, going.pace.halving
    for label, detector in going.known.items():
        detector.save(folder / "known" / label.replace(":", "+"))
    for name, table in going.tables().items():
        if table.width:
            table.write_parquet(folder / f"{name}.parquet", compression="zstd")
    state = OngoingState(
        hold=pace.holding.total_seconds(),
        release=pace.releasing.total_seconds(),
        half_life=None if halving is None else halving.total_seconds(),
        learning=pace.learning,
        shown=going.shown,
        budget=going.budget,
        known={label: detector.name for label, detector in sorted(going.known.items())},
        watches={name: WatchState.of(watch) for name, watch in sorted(going.watching.watches.items())},
        **{name: _text(getattr(going, name)) for name in _TIMES},
    )
    write_state(folder / "state", state)
    for name in ("old", "fresh"):
        getattr(going, name).save(folder / name)


def read_ongoing(folder: Path) -> Ongoing:
    """Read what `write_ongoing` wrote; what cannot be read is an `RtmlError` that names it."""
    state = read_state(folder / "state", OngoingState)
    known = {label: load_detector(kind, _known(folder, label)) for label, kind in state.known.items()}
    try:
        tables = {path.stem: read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
        times = {name: _time(getattr(state, name)) for name in _TIMES}
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise RtmlError(f"{folder}: the stream's state cannot be read ({error})") from None
    for name, schema in _FIXED.items():
        if name not in tables or tables[name].schema != schema:
            raise RtmlError(f"{folder / name}.parquet: not a table of a stream's state")
    going = _assembled(state, tables, known, times)
    watches = {name: watch.watch() for name, watch in state.watches.items()}
    going.watching = Watching(watches, tables["watched"])
    going.old, going.fresh = (Baseline.load(folder / name) for name in ("old", "fresh"))
    return going


def _known(folder: Path, label: str) -> Path:
    """Return the folder of a detector; a label that names none of those that are there is no path."""
    name = label.replace(":", "+")
    if name not in {path.name for path in folder.glob("known/*")}:
        raise RtmlError(f"{folder}: no detector {label!r} in the stream's state")
    return folder / "known" / name


def _assembled(
    state: OngoingState, tables: Mapping[str, pl.DataFrame], known: dict[str, Detector], times: dict[str, Any]
) -> Ongoing:
    halving = None if state.half_life is None else dt.timedelta(seconds=state.half_life)
    own: dict[str, Any] = {name: tables[name] for name in _OWN if name in tables}
    hold, release = dt.timedelta(seconds=state.hold), dt.timedelta(seconds=state.release)
    return Ongoing(
        pace=Pace(hold, release, halving, state.learning),
        sightings=Sightings(*(tables[part.name] for part in fields(Sightings))),
        alarms=Alarmed(**_named("alarms", Alarmed, tables)),
        urgent=Alarmed(**_named("urgent", Alarmed, tables)),
        ahead=Backlog(**_named("ahead", Backlog, tables)),
        known=known,
        shown=state.shown,
        budget=state.budget,
        **own,
        **times,
    )


def _named(name: str, kind: type[Alarmed | Backlog], tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Return the tables of one of several parts, by the names that it calls them."""
    wanted = [part.name for part in fields(kind)]
    return {part: tables[f"{name}-{part}"] for part in wanted if f"{name}-{part}" in tables}


def _text(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
