"""The lab's own sensor: ``bpftrace -f json`` output of ``sensor.bt`` (plain, gzip or zstd).

One JSON object a line; ``printf`` lines carry one event, fields separated by 0x1f: name, boot-time
nanoseconds, pid, tid, ppid, uid, cgroup id, pid namespace, comm, then what the kind has (`framing`).
Behind a name that begins with ``+`` comm and buffers are spelled in hexadecimal digits.
``lost_events`` lines count losses. A ``sitting.json`` beside the file names the containers by
cgroup id and gives the clock offset; without it containers are ``cgroup:N`` and times are those
since boot, laid on the Unix epoch. Files with one ``sitting.json`` are parts of one log.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.asof import asof
from rtml.captures.sensors.bpftrace.cutting import together
from rtml.captures.sensors.bpftrace.framing import EXACT, SHAPES, framed, put_right
from rtml.captures.sensors.bpftrace.kinds import events_of
from rtml.captures.sensors.bpftrace.parsing import parsed
from rtml.captures.sensors.bpftrace.sitting import LATEST_BOOT, Sitting, read_sitting
from rtml.captures.sensors.contract import Lines, Lost, NothingReadError, Reading, Sensor, Written
from rtml.reading.envelopes import records
from rtml.reading.escapes import decoded
from rtml.reading.lines import lines_of, read_raw
from rtml.schema import REJECTS
from rtml.text import SEPARATOR

__all__ = ["SENSOR"]

HEAD = ["name", "nsecs", "pid", "tid", "ppid", "uid", "cgroup", "pidns", "comm"]
_NO_RECORD = "not a JSON record of bpftrace"
_METADATA = ("attached_probes", "time", "map", "hist", "stats", "lost_events")


def read(path: Path) -> Reading:
    """Read one sensor log; every line is an event, a piece of one, metadata, or a reject."""
    raw, problem = read_raw(path)
    text = decoded(put_right(raw))
    lines = written = parsed(lines_of(text.text))
    if lines["type"].null_count() == lines.height:  # perhaps a runtime or a shipper wrapped them
        text = decoded(put_right(b"\n".join(document.raw for document in records(path))))
        lines = parsed(lines_of(text.text))
    if lines["type"].null_count() == lines.height:
        said = f"{path}: no line is bpftrace JSON output (`bpftrace -f json sensor.bt`)"
        raise NothingReadError(said, _broken(path, written))
    sitting = read_sitting(path.parent / "sitting.json")
    fields = _fields(lines)
    events, bad = events_of(fields.filter(pl.col("problem").is_null()), text)
    rejects = _rejects(path, lines, fields, bad, problem)
    rejects = rejects.with_columns(text.readable_column(pl.col("text")))
    return Reading(
        events=sitting.place(events.drop("line")),
        rejects=rejects,
        records=events.height + rejects.height,
        lost=_lost(lines, sitting, fields),
        containers=sitting.containers(),
        version=sitting.sensor_version,
        sitting=sitting.name,
    )


def _fields(lines: pl.DataFrame) -> pl.DataFrame:
    """Split the data of printf lines; ``problem`` says why a line cannot be an event."""
    split = pl.col("data").str.strip_suffix("\n").str.split(SEPARATOR)
    rows = lines.filter(pl.col("type") == "printf").select(line="number", raw=split)
    piece = {name: pl.col("raw").list.get(i, null_on_oob=True) for i, name in enumerate(HEAD)}
    numbers = {name: piece[name].cast(pl.Int64, strict=False) for name in HEAD[1:-1]}
    pieces = rows.with_columns(**{**piece, **numbers}, rest=pl.col("raw").list.slice(len(HEAD)))
    claimed = (
        pieces.drop("raw")
        .filter(pl.col("name").ne_missing("begin"))
        .with_columns(pl.col("name").str.strip_prefix(EXACT), exact=pl.col("name").str.starts_with(EXACT))
    )
    return framed(claimed).with_columns(problem=_problem())


def _problem() -> pl.Expr:
    """Say what is wrong with the fields of a line; null where nothing is."""
    complete = pl.all_horizontal(pl.col(*HEAD[1:-1]).is_not_null())
    return (
        pl.when(pl.col("name").is_null())
        .then(pl.lit("a printf record without data"))
        .when(~pl.col("name").is_in(list(SHAPES)))
        .then("unknown event " + pl.col("name").str.slice(0, 40))
        .when(~complete)
        .then(pl.lit("a field is missing or not a number"))
        .when(~pl.col("nsecs").is_between(0, LATEST_BOOT))
        .then(pl.lit("absurd timestamp"))
        .when(~pl.all_horizontal(pl.col("pid", "tid", "ppid", "uid").is_between(-1, 2**31 - 1)))
        .then(pl.lit("pid or uid out of range"))
        .when(pl.col("exact") & ~pl.col("comm").str.contains(r"^(?:[0-9a-f]{2}(?: |$))*$"))
        .then(pl.lit("a name that is not in hexadecimal digits"))
        .when(pl.col("rest").is_null())
        .then(pl.lit("a name holds the field separator: the fields cannot be told apart"))
    )


def _rejects(
    path: Path, lines: pl.DataFrame, fields: pl.DataFrame, bad: pl.DataFrame, problem: str | None
) -> pl.DataFrame:
    broken = lines.filter(pl.col("type").is_null()).select(line="number", reason=pl.lit(_NO_RECORD))
    odd = lines.filter(~pl.col("type").is_in(["printf", *_METADATA])).select(
        line="number", reason="unknown record type " + pl.col("type").str.slice(0, 40)
    )
    refused = fields.filter(pl.col("problem").is_not_null()).select("line", reason="problem")
    unsaid = (
        _losses(lines)
        .filter(pl.col("count").is_null())
        .select(line="number", reason=pl.lit("lost_events without a whole number"))
    )
    reasons = pl.concat([broken, odd, refused, unsaid, bad.select("line", "reason")], how="vertical_relaxed")
    rejects = reasons.join(lines.select(line="number", text=pl.col("line").str.slice(0, 200)), on="line")
    if problem:
        end = pl.DataFrame({"line": [lines.height + 1], "reason": [problem], "text": [""]})
        rejects = pl.concat([rejects, end], how="vertical_relaxed")
    named = rejects.with_columns(file=pl.lit(path.name)).sort("line")
    return named.select(REJECTS.names()).cast(REJECTS)


def _broken(path: Path, lines: pl.DataFrame) -> pl.DataFrame:
    rows = lines.select(line="number", reason=pl.lit(_NO_RECORD), text=pl.col("line").str.slice(0, 200))
    return rows.with_columns(file=pl.lit(path.name)).select(REJECTS.names()).cast(REJECTS)


def _losses(lines: pl.DataFrame) -> pl.DataFrame:
    """Return ``number, count`` of the lines that count losses; null where none is counted."""
    count = pl.col("line").str.json_path_match("$.data.events").cast(pl.Int64, strict=False)
    losses = lines.filter(pl.col("type") == "lost_events")
    return losses.select("number", count=pl.when(count >= 0).then(count))


def _lost(lines: pl.DataFrame, sitting: Sitting, fields: pl.DataFrame) -> list[Lost]:
    """Losses carry no time: they lie between the events printed before and after them."""
    losses = _losses(lines).drop_nulls("count")
    if losses.is_empty():
        return []
    times = fields.filter(pl.col("problem").is_null()).select(number="line", at="nsecs")
    times = times.with_columns(pl.col("number").cast(losses.schema["number"])).sort("number")
    around = asof(asof(losses, times, on="number"), times, on="number", strategy="forward", suffix="_after")
    return [
        Lost(sitting.host, sitting.wall(a), sitting.wall(b), count)
        for count, a, b in around.select("count", "at", "at_after").iter_rows()
    ]


def _signature(head: bytes) -> bool:
    return head.lstrip().startswith(b"{") and (b'"attached_probes"' in head or b'"printf"' in head)


SENSOR = Sensor(
    name="bpftrace",
    read=read,
    blind=frozenset({"write", "mmap_exec", "link", "create", "audit"}),
    signature=_signature,
    lines=Lines(("sitting.json",), together),
    written=Written("cells", r"\u001f", nothing=("",)),
)
