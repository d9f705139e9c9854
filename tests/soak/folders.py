"""What rtml itself has written and reads again: captures, models, baselines, states; one file is damaged."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl

from rtml.baselines import Baseline
from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.following import archive, put_away
from rtml.captures.following import follow as following
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.following.memory import read_memory
from rtml.captures.following.place import Place
from rtml.captures.sensors import SENSORS
from rtml.datasets.card import read_card
from rtml.detectors import DETECTORS
from rtml.detectors.contract import Detector, feature_columns, peer_groups
from rtml.errors import RtmlError
from rtml.evaluation import read_labels
from rtml.experiment.finished import read_finished
from rtml.features import learn
from rtml.findings.reading import read_findings
from rtml.models import Model, load_model
from rtml.models.calibration import Calibration
from rtml.models.parts import Description
from rtml.serving.journal import Batch, Journal, Outcome
from rtml.testing.events import busy
from rtml.testing.windows import windows
from rtml.watching.keeping import Kept, keep, kept
from tests.captures.following.lives import Lives
from tests.captures.following.logs import lines, log_in
from tests.findings.odd_findings import MODEL, RULE, table
from tests.samples import DATA
from tests.soak.target import Target, file, files_of, made
from tests.watching.shops import cut, growing
from tests.watching.writing import write_log

__all__ = ["FOLDERS"]

_KINDS: dict[str, dict[str, Any]] = {"isolation_forest": {"trees": 3}, "surprise": {}}
_ONCE = Pulse(once=True, sleep=0.01)


@cache
def _capture() -> Path:
    log = DATA / "bpftrace/bpftrace.jsonl.gz"
    return made(lambda folder: import_capture("bpftrace", [log], folder), "capture")


@cache
def _model() -> Path:
    """A model of two detectors, small enough to be loaded a hundred thousand times."""
    detectors: dict[str, Detector] = {}
    for name, parameters in _KINDS.items():
        detectors[name] = DETECTORS[name](seed=1, **parameters)
        detectors[name].learn(windows())
    groups = peer_groups(windows(seed=6))
    scores = {name: detector.score(windows(seed=6)) for name, detector in detectors.items()}
    days = dict.fromkeys(groups, 0.5)
    calibrations = {name: Calibration.fit(score, groups, days) for name, score in scores.items()}
    description = Description(
        features=feature_columns(windows()),
        families=["a", "b", "binaries"],
        every="60s",
        parameters=_KINDS,
        learned_until={"web-1": "2026-01-01T00:24:00+00:00"},
        data={"capture": "ab" * 32},
        notes={"budget": 1.0},
    )
    model = Model(description, detectors, calibrations, learn(*busy()))
    return made(model.save, "model")


@cache
def _baseline() -> Path:
    return made(learn(*busy()).save, "baseline")


@cache
def _followed() -> Path:
    """The folder in which a follower keeps what it knows."""

    def write(out: Path) -> None:
        follow("bpftrace", str(log_in(out.parent, b"".join(lines()[:200]))), out, _ONCE)

    return next(made(write, "capture").rglob("memory")).parent


@cache
def _growing() -> Path:
    """A followed capture that has put processes away; more of its log has come since."""

    def write(out: Path) -> None:
        log, lines = out.with_name("log.jsonl"), write_log("bpftrace", out.parent, Lives(2).acts())
        pieces = cut(b"".join(lines), 6, 2)
        log.write_bytes(b"")
        with mock.patch.object(put_away, "LEAST", 1), mock.patch.object(following, "_IDLE", 50.0):
            follow("bpftrace", str(log), out, Pulse(0, 1, 0, stopped=growing(log, pieces[:-1])))
        with log.open("ab") as file:
            file.write(pieces[-1])
        for former in sorted((out / "follow").glob("[0-9]*"))[:-1]:
            shutil.rmtree(former)

    return made(write, "capture")


def _followed_on(folder: Path) -> None:
    """Read a growing capture whose parts are damaged, and go on following into it."""
    with suppress(RtmlError):  # whoever follows says it himself
        check_capture(open_capture(folder))
    with mock.patch.object(put_away, "LEAST", 1), mock.patch.object(archive, "_MOST_SMALL", 2):
        follow("bpftrace", str(_growing().with_name("log.jsonl")), folder, _ONCE)


@cache
def _watched() -> Path:
    return made(lambda place: keep(place, Kept(), None, ""), "state")


@cache
def _journal() -> bytes:
    folder = Path(tempfile.mkdtemp(prefix="rtml-soak-whole-")) / "journal"
    journal = Journal(folder, Place(name="0"))
    taken = [Batch(client="a", key=str(n), raw=b'{"a": %d}\n' % n) for n in range(3)]
    journal.append([(batch, Outcome(lines=1, digest=batch.digest)) for batch in taken])
    return next(path.read_bytes() for path in folder.iterdir())


def _open(folder: Path) -> None:
    capture = open_capture(folder)
    check_capture(capture)
    capture.events().select(pl.len()).collect()
    capture.processes().collect()


def _coverage(path: Path) -> None:
    """What a manifest says is damaged, beside tables that are whole."""
    for other in _capture().iterdir():
        if other.name != path.name:
            path.with_name(other.name).symlink_to(other)
    open_capture(path.parent)


def _journal_of(path: Path) -> None:
    folder = path.parent / "journal"
    folder.mkdir()
    path.rename(folder / "0")
    journal = Journal(folder, Place(name="0"))
    try:
        sum(len(batch.raw) for batch, _, _ in journal.unread())
    finally:
        journal.close()


def _parquet(table: pl.DataFrame) -> bytes:
    return made(table.write_parquet, "table").read_bytes()


_LABELS = pl.DataFrame(
    {"attack_id": ["a"], "container_id": ["c"], "start": [1795490205], "end": [1795490208]}
)
_LEDGER = (
    """{"sides": [{"side": "a", "kind": "model", "false": 1.0, "days": 2.0}], "headline": [], "facts": {}}"""
)

FOLDERS: dict[str, Target] = {
    "capture": Target(files_of(_capture), _open, whole=_capture),
    "manifest": Target(lambda: [(_capture() / "capture.json").read_bytes()], _coverage, "capture.json"),
    "model": Target(files_of(_model), load_model, whole=_model),
    "baseline": Target(files_of(_baseline), Baseline.load, whole=_baseline),
    "follow-state": Target(
        files_of(_followed),
        lambda folder: read_memory(folder.parent, folder.name, SENSORS["bpftrace"]),
        whole=_followed,
    ),
    "archive": Target(files_of(_growing), _followed_on, whole=_growing, writes=True),
    "watch-state": Target(files_of(_watched), lambda place: kept(place, None, ""), whole=_watched),
    "journal": Target(lambda: [_journal()], _journal_of),
    "ledger": file("ledger.json", lambda path: read_finished(path.parent), _LEDGER),
    "card": file("card.json", lambda path: read_card(path.parent), "{}"),
    "findings-parquet": Target(lambda: [_parquet(table(RULE, MODEL))], read_findings, "f.parquet"),
    "labels-parquet": Target(lambda: [_parquet(_LABELS)], read_labels, "l.parquet"),
}
"""By name; a new thing that is written and read again is one entry."""
