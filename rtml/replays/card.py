"""The numbers of a data card, counted on the data: sittings, attacks by grade and entry, who wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import Capture, open_capture
from rtml.captures.leaving_out import CELLS, cells_of
from rtml.errors import RtmlError
from rtml.evaluation.labels.reading import validate
from rtml.reading.json_text import json_of
from rtml.reading.parquet import read_parquet
from rtml.reading.whole import write_text
from rtml.replays.catalogue import catalogue
from rtml.replays.grading import with_grades
from rtml.replays.parts import attack_of
from rtml.times import MINUTE, instant, moment

__all__ = ["card_of", "fill_card"]

BEGINS, ENDS = "<!-- numbers begin -->", "<!-- numbers end -->"
_GRADES = (1, 2, 3, 4, 5)
Told = Mapping[str, Mapping[str, Any]]


def fill_card(folder: Path) -> None:
    """Put `card_of` a data set between the marks of its ``README.md``.

    Raises
    ------
    RtmlError
        The card has no marks.
    """
    card = folder / "README.md"
    before, begins, rest = card.read_text("utf-8").partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not (begins and ends):
        raise RtmlError(f"{card}: no place for the numbers ({BEGINS} and {ENDS}, a line each)")
    write_text(card, f"{before}{BEGINS}\n\n{card_of(folder)}\n{ENDS}{after}")


def card_of(folder: Path) -> str:
    """Return the tables of a data set that `rtml.replays.shipping.ship` made, as Markdown."""
    capture = open_capture(folder / "capture")
    labels = with_grades(validate(read_parquet(folder / "labels.parquet")))
    told: Told = json_of((folder / "sittings.json").read_bytes())
    tables = [_sittings(capture, labels, told), _grades(labels, told), _writers(labels)]
    return "\n".join(tables)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def _sittings(capture: Capture, labels: pl.DataFrame, told: Told) -> str:
    """Return one column per sitting."""
    cells, counts = _minutes(capture), _events(capture, told)
    early: set[str] = set()
    columns = []
    for name, sitting in told.items():
        mine = _of(labels, sitting)
        inside = cells.filter(pl.col("window").is_between(*_bounds(sitting), closed="left"))
        benign = inside.join(cells_of(labels, MINUTE), on=CELLS.names(), how="anti")
        techniques = set(mine["technique"])
        columns.append([name, *_facts(sitting, counts[name], inside, benign), _attacked(mine, early)])
        early |= techniques
    names = ("", *_FACTS, "attacks (parts count once), techniques (only here)")
    rows = list(zip(names, *columns, strict=True))
    return _table(rows[0], rows[1:])


_FACTS = (
    "time (UTC)",
    "events",
    "containers",
    "container-hours (minutes with events), of them without an attack",
    "lost by the sensor",
    "restarts and replacements in roll-outs",
    "machine busy, sensor",
    "promises not kept",
    "not done",
    "complete",
)


def _facts(
    sitting: Mapping[str, Any], counted: tuple[int, int], inside: pl.DataFrame, benign: pl.DataFrame
) -> list[str]:
    broken = [f"{each['name']}: {each['found']}" for each in sitting.get("quality", []) if not each["ok"]]
    undone = Counter(str(fact.get("why", fact.get("reason", "failed")))[:60] for fact in sitting["not_done"])
    return [
        f"{sitting['begin'][:16].replace('T', ' ')} – {sitting['end'][11:16]}",
        f"{counted[0]:,}",
        str(sitting["containers"]),
        f"{inside.height / 60:.1f}, {benign.height / 60:.1f}",
        f"{counted[1]:,}",
        str(len(sitting["changes"])),
        f"{_share(sitting.get('cpu_busy_share'))}, {_share(sitting.get('sensor_cpu_share'))}",
        _cell("; ".join(broken) or "none"),
        _cell("; ".join(f"{n} × {why}" for why, n in undone.items()) or "nothing"),
        "yes" if sitting["complete"] else _cell("; ".join(sitting["incomplete_because"]) or "no"),
    ]


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.1%}"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:300]


def _attacked(mine: pl.DataFrame, early: set[str]) -> str:
    techniques = set(mine["technique"])
    attacks = {attack_of(name) for name in mine["attack_id"]}
    return f"{len(attacks)}, {len(techniques)} ({len(techniques - early)})"


def _bounds(sitting: Mapping[str, Any]) -> tuple[pl.Expr, pl.Expr]:
    begin, end = (moment(sitting[name]) for name in ("begin", "end"))
    return instant(begin.replace(second=0)), instant(end)


def _of(labels: pl.DataFrame, sitting: Mapping[str, Any]) -> pl.DataFrame:
    return labels.filter(pl.col("attack_id").is_in([attack["id"] for attack in sitting["attacks"]]))


def _minutes(capture: Capture) -> pl.DataFrame:
    """Return every minute of every workload container in which something happened."""
    outside = pl.col("container_id").cast(pl.String).is_in(capture.infrastructure())
    rows = capture.events(["container_id", "time"]).filter(pl.col("container_id").is_not_null() & ~outside)
    window = MINUTE.start("time").alias("window")
    cells = rows.select(pl.col("container_id").cast(pl.String), window).unique().collect(engine="streaming")
    return cells.with_columns(_cell=pl.col("window").to_physical() // MINUTE.nanoseconds)


def _events(capture: Capture, told: Told) -> dict[str, tuple[int, int]]:
    """Return events and losses of each sitting."""
    bounds = {name: _bounds(sitting) for name, sitting in told.items()}
    inside = [
        pl.col("time").is_between(*ends, closed="left").sum().alias(name) for name, ends in bounds.items()
    ]
    events = capture.events(["time"]).select(inside).collect(engine="streaming").row(0, named=True)
    lost = dict.fromkeys(told, 0)
    for part in capture.manifest.lost_intervals:
        for name, sitting in told.items():
            if part.start and sitting["begin"] <= part.start.strftime("%Y-%m-%dT%H:%M:%SZ") <= sitting["end"]:
                lost[name] += part.count or 0
    return {name: (int(events[name]), lost[name]) for name in told}


def _grades(labels: pl.DataFrame, told: Told) -> str:
    """Return attacks by grade and entry, a row each sitting that has any."""
    entries = sorted(labels["entry"].drop_nulls().unique())
    head = ["attacks of", *(f"grade {grade}" for grade in _GRADES), *entries]
    rows = []
    for name, sitting in told.items():
        known = {attack_of(row["attack_id"]): row for row in _of(labels, sitting).iter_rows(named=True)}
        grades = Counter(row["grade"] for row in known.values())
        ways = Counter(row["entry"] for row in known.values())
        if known:
            rows.append([name, *(grades[grade] for grade in _GRADES), *(ways[entry] for entry in entries)])
    return _table(head, rows)


def _writers(labels: pl.DataFrame) -> str:
    """Return who wrote how many of the attacks when, as their files say."""
    known = catalogue()
    names = {attack_of(name) for name in labels["attack_id"]} & known.keys()
    said = Counter((known[name].author or "?", str(known[name].written or "?")) for name in names)
    standing = sum(bool(known[name].catalogue) for name in names)
    table = _table(("written by", "on", "attacks"), ((*who, n) for who, n in sorted(said.items())))
    return f"{table}\n{standing} of {len(names)} stand for actions of other people's catalogues.\n"
