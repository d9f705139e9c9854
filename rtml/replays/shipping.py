"""Make one data set of several sittings: a capture, labels anew, how each sitting went.

Every sitting is a folder of `rtml replay record`. Labels are made again, because process ids are those of
the import. ``labels.parquet`` also says which actions of other people's catalogues an attack stands for.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import Capture, import_capture, open_capture
from rtml.captures.sensors.bpftrace.sitting import read_sitting
from rtml.errors import MissingFileError, RtmlError
from rtml.reading.json_text import json_of
from rtml.replays.catalogue import catalogue
from rtml.replays.contract import Attack
from rtml.replays.finishing import write_json
from rtml.replays.parts import attack_of
from rtml.replays.roots import labels_of

__all__ = ["SITTINGS", "ship"]

SITTINGS = ("train", "calibrate", "test")
"""Sittings of a data set, one after the other."""

_FILES = ("bpftrace.jsonl.gz", "sitting.json", "log.json")
_KEPT = ("id", "container", "start", "end", "complete", "killed", "ok")
"""What ``sittings.json`` keeps of an attack: its words stay in the recording."""


def ship(recordings: Mapping[str, Path], out: Path) -> pl.DataFrame:
    """Write ``capture/``, ``labels.parquet`` and ``sittings.json`` into a folder; return the labels.

    Parameters
    ----------
    recordings
        Folder of each sitting by its name, in the order in which they were recorded.
    out
        What it held of the three before is replaced, once all are made.

    Raises
    ------
    MissingFileError
        A recording lacks a file.
    RtmlError
        Sittings overlap in time, an attack is labelled twice, or a root process is not in the capture.
    """
    _refuse_gaps(recordings)
    told = {name: _told(folder) for name, folder in recordings.items()}
    _refuse_overlaps(told)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".new-") as place:
        fresh = Path(place) / "capture"
        import_capture("bpftrace", [folder / _FILES[0] for folder in recordings.values()], fresh)
        capture, attacks = open_capture(fresh), catalogue()
        made = [_labels(capture, folder, attacks) for folder in recordings.values()]
        labels = pl.concat(made, how="diagonal").sort("start", "attack_id")
        _refuse_unknown(capture, labels)
        shutil.rmtree(out / "capture", ignore_errors=True)
        fresh.rename(out / "capture")
    labels.write_parquet(out / "labels.parquet", compression="zstd")
    write_json(out / "sittings.json", told)
    return labels


def _refuse_gaps(recordings: Mapping[str, Path]) -> None:
    for folder in recordings.values():
        for name in _FILES:
            if not (folder / name).is_file():
                raise MissingFileError(f"{folder}: no recording here ({name} is missing)")


def _labels(capture: Capture, folder: Path, attacks: Mapping[str, Attack]) -> pl.DataFrame:
    done = json_of((folder / "log.json").read_bytes())["attacks"]
    labels, _ = labels_of(capture, done, dict(attacks), read_sitting(folder / "sitting.json").offset)
    stands_for = [attacks[attack_of(name)].catalogue for name in labels["attack_id"]]
    moments = {fact["id"]: fact["moment"] for fact in done if fact.get("moment")}
    forced = [moments.get(name) for name in labels["attack_id"]]
    return labels.with_columns(
        pl.Series("catalogue", stands_for, pl.List(pl.String)),
        *([pl.Series("moment", forced, pl.String)] if moments else []),
    )


def _refuse_unknown(capture: Capture, labels: pl.DataFrame) -> None:
    """Every root process must be in the capture, in its container; none where the recording holds none."""
    images = capture.processes()
    known = images.select("process_id", pl.col("container_id").cast(pl.String)).collect()
    rooted = labels.drop_nulls("process_id")
    lost = rooted.join(known, on=["process_id", "container_id"], how="anti")["attack_id"]
    if len(lost):
        raise RtmlError(f"root processes that are not in the capture: {', '.join(lost)}")
    twice = labels.filter(pl.col("attack_id").is_duplicated())["attack_id"].unique().sort()
    if len(twice):
        raise RtmlError(f"attacks of two sittings have one id: {', '.join(twice)}")


def _refuse_overlaps(told: Mapping[str, dict[str, Any]]) -> None:
    names = list(told)
    for name, later in zip(names, names[1:], strict=False):
        if told[name]["end"] > told[later]["begin"]:
            raise RtmlError(
                f"sitting {later!r} begins at {told[later]['begin']}, before {name!r} ends "
                f"({told[name]['end']}): name them in the order in which they were recorded"
            )


def _told(folder: Path) -> dict[str, Any]:
    """Return how a sitting went, when, and of its attacks what their words do not give away."""
    sitting = json_of((folder / "sitting.json").read_bytes())
    log = dict(json_of((folder / "log.json").read_bytes()))
    log["attacks"] = [{key: fact[key] for key in _KEPT} | _forced(fact) for fact in log["attacks"]]
    clocks = {name: sitting.get(name) for name in ("clock_start", "clock_end")}
    last = clocks["clock_end"] or clocks["clock_start"]
    return {
        "begin": _utc(clocks["clock_start"]["unix_ns"]),
        "end": _utc(last["unix_ns"]),
        **clocks,
        "containers": len(sitting["containers"]),
        "host": sitting["host"],
        **log,
    }


def _forced(fact: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hard moment of an attack, where the scenario forced it into one."""
    return {"moment": fact["moment"]} if fact.get("moment") else {}


def _utc(unix_ns: int) -> str:
    return dt.datetime.fromtimestamp(unix_ns // 10**9, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
