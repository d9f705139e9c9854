"""ADFA-LD: traces of system-call numbers of one Ubuntu host, benign or of an attack. No time, no process.

``Training_Data_Master/*.txt`` and ``Validation_Data_Master/*.txt`` are benign,
``Attack_Data_Master/NAME_N/*.txt`` are of one attack: numbers separated by blanks, a trace per file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from rtml.datasets.contract import Dataset, Draft
from rtml.datasets.finding import matching
from rtml.datasets.rows import KEYS
from rtml.errors import RtmlError
from rtml.progress import steps
from rtml.reading.text import read_text
from rtml.schema import REJECTS

__all__ = ["ADFA_LD", "EVERY"]

EVERY = 4
"""Of the benign validation traces, sorted by name, every fourth one sets thresholds; the others are
judged."""

_FOLDERS = ("Training_Data_Master", "Validation_Data_Master", "Attack_Data_Master")
_MOST_BYTES = 50_000_000
_HIGHEST = 1024  # numbers of system calls end far below


def read(source: Path, out: Path) -> Draft:
    """Read all traces; one that is empty or holds something else than numbers of calls is a reject."""
    root = _root(source)
    train, validation = (matching(root, (f"{name}/*.txt",), name) for name in _FOLDERS[:2])
    attacks = matching(root, (f"{_FOLDERS[2]}/*/*.txt",), _FOLDERS[2])
    learnt, held = set(train), set(validation[::EVERY])
    keys, counts, rejects = [], [], []
    for path in steps([*train, *validation, *attacks], "reading", "traces"):
        calls = _calls(path)
        if isinstance(calls, str):
            rejects.append((path.relative_to(root).as_posix(), 1, calls, ""))
            continue
        keys.append(_key(path, root, "train" if path in learnt else "calibrate" if path in held else "test"))
        counts.append(calls)
    if not counts:
        raise RtmlError(f"{root}: none of {len(rejects)} traces can be read (first: {rejects[0][2]})")
    schema = {name: KEYS[name] for name in ("role", "group", "attack", "attack_id")}
    rows = pl.concat([pl.DataFrame(keys, schema=schema, orient="row"), _shares(counts)], how="horizontal")
    refused = pl.DataFrame(rejects, schema=REJECTS, orient="row")
    return Draft([*train, *validation, *attacks], rows=rows, rejects=refused)


def _root(source: Path) -> Path:
    """Return the folder that has the three; an archive unpacks into one of its own name."""
    for folder in (source, *sorted(path for path in source.iterdir() if path.is_dir())):
        there = [name for name in _FOLDERS if (folder / name).is_dir()]
        if len(there) == len(_FOLDERS):
            return folder
        if there:
            missing = ", ".join(sorted(set(_FOLDERS) - set(there)))
            raise RtmlError(f"{folder}: {missing} is missing; ADFA-LD has {', '.join(_FOLDERS)}")
    raise RtmlError(f"{source}: none of {', '.join(_FOLDERS)}")


def _calls(path: Path) -> pl.Series | str:
    """Return the numbers of a trace, or why it is none."""
    words = pl.Series("call", read_text(path, _MOST_BYTES).split(), pl.String)
    numbers = words.cast(pl.Int64, strict=False)
    if words.is_empty():
        return "the trace is empty"
    if numbers.null_count() or not numbers.is_between(0, _HIGHEST).all():
        return "something else than numbers of system calls"
    return numbers


def _key(path: Path, root: Path, role: str) -> tuple[str, str, int, str | None]:
    attack = path.relative_to(root).parts[0] == _FOLDERS[2]
    group = path.parent.name if attack else path.stem
    return role, group, int(attack), group if attack else None


def _shares(traces: list[pl.Series]) -> pl.DataFrame:
    """Return the share of each call in each trace, and how long it is; a call not made is 0."""

    def parts() -> Iterator[pl.DataFrame]:
        for number, calls in enumerate(traces):
            shares = calls.value_counts().with_columns(pl.col("count") / len(calls), trace=pl.lit(number))
            yield shares.select("trace", "call", share=pl.col("count").cast(pl.Float64))

    long = pl.concat(list(parts())).sort("call")
    wide = long.pivot("call", index="trace", values="share").fill_null(0.0).sort("trace").drop("trace")
    named = wide.rename({name: f"calls.n{name}" for name in wide.columns})
    return named.with_columns(pl.Series("trace.length", [float(len(calls)) for calls in traces]))


ADFA_LD = Dataset(
    name="adfa-ld",
    kind="rows",
    what="traces of system-call numbers of one host: benign, and of six kinds of attack",
    licence="free for academic use (UNSW Canberra; look it up before use: not checked here)",
    size="5,951 traces: 833 for training, 4,372 for validation, 746 of attacks; 17 MB unpacked",
    origin="UNSW Canberra, ADFA IDS data sets; Creech and Hu, WCNC 2013 (doi 10.1109/WCNC.2013.6555301)",
    row="trace",
    published_protocol="learn the 833 training traces; detection rate over attack traces against false"
    " alarms over"
    " all 4,372 validation traces, threshold swept on them",
    protocol="share of each call in a trace; learn the training traces, threshold from every fourth"
    " validation trace,"
    " judge the others; an attack is one intrusion (a folder), found by any of its traces",
    read=read,
    signs=("Training_Data_Master", "Attack_Data_Master", "*/Training_Data_Master"),
    folders=("ADFA-LD", "adfa", "adfa_ld"),
)
