"""LID-DS 2021: system calls of containers under attack, thousands of short recordings (Leipzig University).

``SCENARIO/{training,validation}/NAME.zip`` and ``SCENARIO/test/{normal,normal_and_attack}/NAME.zip``; in each
``NAME.sc``, a line per system call (time in ns, user, pid, program, thread, call, ``>`` or ``<``,
arguments), and ``NAME.json``, whether and when the exploit ran.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import polars as pl

from rtml.datasets.contract import Dataset, Draft
from rtml.datasets.finding import matching
from rtml.errors import RtmlError
from rtml.progress import steps
from rtml.reading.json_text import json_of
from rtml.schema import REJECTS

__all__ = ["LID_DS"]

_ROLES = {"training": "train", "validation": "calibrate", "test": "test"}
_PATTERNS = ("*.zip", "*/*.zip")
_MOST_BYTES = 2_000_000_000
_MOST_TEXT = 10_000_000
_SECOND = 1_000_000_000
_NEEDED = 7  # fields of a line before its arguments
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, KeyError, EOFError, NotImplementedError, RuntimeError)

Rejects = list[tuple[str, int, str, str]]


class _Unreadable(Exception):
    """Why a recording cannot be used."""


def read(source: Path, out: Path) -> Draft:
    """Read one scenario, or all below a folder; a recording that cannot be used is a reject."""
    tables, rejects, files = [], Rejects(), []
    for scenario in _scenarios(source):
        for folder, role in _ROLES.items():
            found = matching(scenario / folder, _PATTERNS, f"a recording of {scenario.name}, {folder},")
            files += found
            for path in steps(found, f"reading {scenario.name}", "recordings"):
                try:
                    tables.append(_recording(path, scenario.name, role, rejects))
                except _Unreadable as reason:
                    rejects.append((path.relative_to(source).as_posix(), 0, str(reason), ""))
    unread = sum(line == 0 for _, line, *_ in rejects)
    if 2 * unread > len(files):
        raise RtmlError(
            f"{source}: {unread} of {len(files)} recordings cannot be read (first: {rejects[0][2]})"
        )
    rows = pl.concat(tables, how="diagonal").with_columns(
        pl.selectors.starts_with("syscalls.").fill_null(0.0)
    )
    return Draft(files, rows=rows, rejects=pl.DataFrame(rejects, schema=REJECTS, orient="row"))


def _scenarios(source: Path) -> list[Path]:
    if (source / "training").is_dir():
        return [source]
    return sorted(path.parent for path in source.glob("*/training") if path.is_dir())


def _recording(path: Path, scenario: str, role: str, rejects: Rejects) -> pl.DataFrame:
    """Return the seconds of a recording: how often each call was entered."""
    lines, facts = _contents(path)
    exploit = _exploit(facts)
    calls = _calls(lines, path.name, rejects)
    if calls.is_empty():
        raise _Unreadable("no system call in it")
    counts = calls.group_by("second", "call").agg(n=pl.len().cast(pl.Float64))
    wide = counts.sort("call").pivot("call", index="second", values="n").sort("second")
    attack = pl.lit(0) if exploit is None else (pl.col("second") + _SECOND > exploit).cast(pl.Int8)
    keys = wide.select(
        role=pl.lit(role),
        part=pl.lit(scenario),
        group=pl.lit(f"{scenario}/{path.stem}"),
        time=pl.col("second").cast(pl.Datetime("ns", "UTC")),
        attack=attack.cast(pl.Int8),
    )
    named = wide.drop("second").rename(lambda name: f"syscalls.{name}")
    return pl.concat([keys, named], how="horizontal")


def _contents(path: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the lines and the facts of a recording; nothing is unpacked onto the disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            raw, text = (_member(archive, f"{path.stem}.{end}") for end in ("sc", "json"))
    except _DAMAGED as error:
        raise _Unreadable(f"not a whole recording ({type(error).__name__}: {error})") from error
    words = text.decode("utf-8", "replace")
    for attempt in (words, words.replace("'", '"')):  # some were written as Python writes a dict
        try:
            facts = json_of(attempt)
        except ValueError:
            continue
        if isinstance(facts, dict):
            return raw.decode("utf-8", "backslashreplace").splitlines(), facts
    raise _Unreadable("its JSON cannot be read")


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    most = _MOST_TEXT if name.endswith(".json") else _MOST_BYTES
    with archive.open(name) as stream:
        raw = stream.read(most + 1)
    if len(raw) > most:
        raise _Unreadable(f"{name} is larger than the {most:,} bytes that are read")
    return raw


def _exploit(facts: dict[str, Any]) -> int | None:
    """Return when the exploit began, in ns; null in a recording without one."""
    if not facts.get("exploit"):
        return None
    try:
        return min(int(float(step["absolute"]) * _SECOND) for step in facts["time"]["exploit"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _Unreadable("it says that there was an exploit, and not when") from error


def _calls(lines: list[str], name: str, rejects: Rejects) -> pl.DataFrame:
    """Return ``second`` (its begin, ns) and ``call`` of every call that was entered."""
    fields = (
        pl.DataFrame({"text": lines})
        .with_row_index("line", 1)
        .with_columns(parts=pl.col("text").str.splitn(" ", _NEEDED + 1))
    )
    part = {
        label: pl.col("parts").struct.field(f"field_{n}") for label, n in (("at", 0), ("call", 5), ("way", 6))
    }
    rows = fields.select("line", "text", **part).with_columns(pl.col("at").cast(pl.Int64, strict=False))
    good = pl.col("at").is_not_null() & pl.col("way").is_in([">", "<"]) & pl.col("call").is_not_null()
    bad = rows.filter(~good.fill_null(False) & (pl.col("text") != ""))
    rejects += [
        (name, line, "no line of a system call", text[:200])
        for line, text in bad.select("line", "text").rows()
    ]
    entered = rows.filter(good & (pl.col("way") == ">"))
    return entered.select("call", second=pl.col("at") // _SECOND * _SECOND)


LID_DS = Dataset(
    name="lid-ds-2021",
    kind="rows",
    what="system calls of containerised services, benign and under attack: 15 scenarios, most of them CVEs",
    licence="GPL-3.0",
    size="15 scenarios, thousands of recordings of about a minute each, a zip file each",
    origin="Leipzig University, repository LID-DS/LID-DS (its README names the download)",
    row="second of a recording",
    row_seconds=1.0,
    published_protocol="learn training, threshold on validation; a recording with an exploit is found by an"
    " alarm"
    " after the exploit began; false are alarms in normal recordings and before it, consecutive ones counted"
    " once",
    protocol="calls entered per second; learn training, threshold from validation; found: a flagged second"
    " from the"
    " exploit's begin to the recording's end; false: flagged seconds before and in normal recordings",
    read=read,
    signs=("training/*.zip", "*/training/*.zip"),
    folders=("LID-DS-2021", "LID-DS", "lid_ds"),
)
