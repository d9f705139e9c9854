"""An experiment that fits somebody's own captures: times, windows and families are looked up, not guessed.

Nobody has labels on the first day. All time is taken for benign: the first half of it is learnt, a quarter
calibrates, the last quarter is scored. The parts are cut by *active* time, the windows in which containers
did something, so that a night without events does not become a part of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from rtml.captures import Capture
from rtml.coverage.support import families_seen
from rtml.detectors import detector_class
from rtml.errors import RtmlError
from rtml.experiment.config import DEFAULT, Experiment, experiment_of
from rtml.experiment.promises import JUDGED, promises
from rtml.features import FAMILIES
from rtml.findings.unit import SLOT
from rtml.numbers import plural
from rtml.peers import peer_groups
from rtml.reading.whole import write_text
from rtml.times import MINUTE, Window

__all__ = ["FEWEST_EVENTS", "SHARES", "Proposal", "proposed"]

SHARES = (0.5, 1 - JUDGED)
"""Shares of the active time at which calibration and test begin."""

FEWEST_EVENTS = 5
"""Events that a container's window shows in the median; with fewer, windows are five minutes."""

_MINUTE, _LONG = Window.of(MINUTE), Window.of(SLOT)
_FEWEST_WINDOWS = 8
_MOST_BLOCKS = 8
_HEAD = "# Proposed by `rtml init`: all of this time is taken for benign; `rtml train` takes it as it is.\n"


@dataclass(frozen=True)
class Proposal:
    """An experiment file for captures, and what these can and cannot promise.

    ``values`` are what it says beyond the default one; ``promises`` are sentences, the most important first.
    """

    values: dict[str, Any]
    promises: list[str]

    def text(self) -> str:
        """Return the file: YAML on top of ``base: default``, with the promises as notes."""
        values = {"base": DEFAULT.stem, **self._values()}
        return _HEAD + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_text(path, self.text())

    def experiment(self, overrides: Sequence[str] = ()) -> Experiment:
        """Return the experiment that the file would be, with ``key.sub=value`` overrides."""
        return experiment_of(self._values(), overrides, "rtml init")

    def _values(self) -> dict[str, Any]:
        return {**self.values, "notes": self.promises}


def proposed(capture: Capture, paths: Sequence[str], name: str = "first") -> Proposal:
    """Look at captures; return the experiment that fits them.

    Parameters
    ----------
    capture
        All of them, opened as one.
    paths
        Their paths, as the experiment names them.
    name
        Name of the experiment.

    Raises
    ------
    RtmlError
        There are fewer than eight active windows, or no family of features has anything to look at: nothing
        can be learnt, calibrated and scored.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> path = "datasets/lab-v1/capture"
    >>> lab = proposed(open_capture(path), [path])
    >>> lab.values["window"], lab.values["split"]["calibrate"].isoformat()
    ('60s', '2026-11-24T03:13:00+00:00')
    >>> print(lab.promises[0])
    10 containers of 5 workloads on 1 host, active for 2.7 hours together; the last 0.7 are to be scored
    """
    every, cells = _cells(capture)
    _refuse_too_little(capture, every, cells)
    seen = families_seen(capture)
    able = _able(seen)
    if not able:
        raise RtmlError(
            f"{capture.path}: no family of features has anything to look at; rtml capture coverage says why"
        )
    calibrate, test = (_edge(cells, share) for share in SHARES)
    split = {"calibrate": calibrate, "test": test}
    values: dict[str, Any] = {
        "name": name,
        "capture": list(paths),
        "window": every.text,
        "split": {part: at.replace(microsecond=0) for part, at in split.items()},
        "blocks": _blocks(cells, calibrate),
        **({} if set(able) >= set(FAMILIES.own) else {"families": able}),
        **_detectors(able),
    }
    return Proposal(values, promises(capture, cells, every, calibrate, test, seen))


def _refuse_too_little(capture: Capture, every: Window, cells: pl.DataFrame) -> None:
    windows = cells["window"].n_unique()
    if windows >= _FEWEST_WINDOWS:
        return
    if not windows and "audit" in capture.manifest.kinds:
        raise RtmlError(
            f"{capture.path}: calls of the Kubernetes API, and no container: start from"
            " docs/kubernetes-audit.md"
        )
    if not windows and capture.manifest.events:
        raise RtmlError(
            f"{capture.path}: none of its {capture.manifest.events:,} events is of a container that is"
            f" judged: there is nothing to learn. Rules need no learning: rtml rules {capture.path}"
        )
    raise RtmlError(
        f"{capture.path}: containers were active in {plural(windows, 'window')} of {every.text}: too few to"
        f" learn, calibrate and score; collect at least an hour of a few containers. Rules need no learning:"
        f" rtml rules {capture.path}"
    )


def _cells(capture: Capture) -> tuple[Window, pl.DataFrame]:
    """Return the length of a window, and the active ones: ``container_id, peers, window, events``."""
    facts = capture.judged()
    groups = facts.select("container_id", peers=pl.Series(peer_groups(facts), dtype=pl.String))
    named = pl.col("container_id").cast(pl.String)
    minutes = (
        capture.events(["time", "container_id"])
        .group_by(named, _MINUTE.start("time").alias("window"))
        .agg(events=pl.len())
        .collect(engine="streaming")
    )
    cells = minutes.join(groups, on="container_id").sort("window", "container_id")
    if cells.is_empty() or cells.select(pl.col("events").median() >= FEWEST_EVENTS).item():
        return _MINUTE, cells
    wider = cells.group_by("container_id", "peers", _LONG.start("window").alias("window"))
    return _LONG, wider.agg(pl.col("events").sum()).sort("window", "container_id")


def _edge(cells: pl.DataFrame, share: float) -> dt.datetime:
    """Return the window that begins where a share of the active windows is over."""
    moment: dt.datetime = cells["window"][round(share * cells.height)]
    return moment


def _blocks(cells: pl.DataFrame, calibrate: dt.datetime) -> int:
    """Return into how many blocks learning time is cut: no more than it has windows."""
    windows = cells.filter(pl.col("window") < calibrate)["window"].n_unique()
    return max(2, min(_MOST_BLOCKS, windows))


def _detectors(able: list[str]) -> dict[str, list[str]]:
    """Return the default detectors that have the families they need; nothing where all have."""
    usual = experiment_of({}).detectors
    kinds = {label: str(parameters.get("kind", label)) for label, parameters in usual.items()}
    fit = [label for label, kind in kinds.items() if set(_needed(kind)) <= set(able)]
    return {} if len(fit) == len(usual) else {"detectors": fit}


def _needed(kind: str) -> tuple[str, ...]:
    """Return the families that a kind of detector cannot do without, as it says itself."""
    needs: tuple[str, ...] = getattr(detector_class(kind), "needs", ())
    return needs


def _able(seen: pl.DataFrame) -> list[str]:
    """Return the families that have something to look at: of containers, or else of the audit log."""
    able = seen.filter(pl.col("supported") != "no")["family"].to_list()
    return [name for name in able if name in FAMILIES] or able
