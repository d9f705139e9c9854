"""Findings as JSON lines: one strict JSON object per finding."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rtml.errors import RtmlError
from rtml.schema import EVENT, FINDINGS, conform, empty
from rtml.times import from_text

__all__ = ["from_jsonl", "jsonl"]

_TIMES = ("first_seen", "last_seen")


def jsonl(findings: pl.DataFrame) -> str:
    r"""Return one line per finding, columns of `FINDINGS`, times as ISO 8601 in UTC.

    A number that JSON does not know (NaN, infinity) becomes null. No findings: no line.

    Examples
    --------
    >>> findings = conform(pl.DataFrame({"finding_id": ["f"], "score": [1.5], "title": ["\x1b[2J"]}),
    ...                    FINDINGS)
    >>> line = jsonl(findings)
    >>> '"title":"\\u001b[2J"' in line, line.count("\n")
    (True, 1)
    >>> from_jsonl(line).equals(findings)
    True
    """
    if findings.is_empty():
        return ""
    floats = [name for name, kind in findings.schema.items() if kind == pl.Float64]
    finite = [pl.when(pl.col(name).is_finite()).then(name).alias(name) for name in floats]
    return findings.with_columns(
        *finite, *(pl.col(name).dt.to_string("iso:strict") for name in _TIMES), _events(_spelled)
    ).write_ndjson()


def from_jsonl(text: str) -> pl.DataFrame:
    """Read what `jsonl` wrote; the inverse.

    Raises
    ------
    RtmlError
        A time is none, or not of the years 1970 to 2199.
    """
    if not text.strip():
        return empty(FINDINGS)
    texts = {
        **dict.fromkeys(_TIMES, pl.String()),
        "events": pl.List(pl.Struct({**EVENT, "time": pl.String()})),
    }
    shape = pl.Schema({name: texts.get(name, kind) for name, kind in FINDINGS.items()})
    rows = pl.read_ndjson(text.encode(), schema=shape).with_columns(_events(from_text))
    times = rows.select(from_text(pl.col(name)) for name in _TIMES)
    for name in _TIMES:
        odd = rows.filter(rows[name].is_not_null() & times[name].is_null())[name]
        if len(odd):
            like = "like 2027-01-01T00:00:00Z"
            raise RtmlError(f"{name} {odd[0][:40]!r}: no time of the years 1970 to 2199, {like}")
    return conform(rows.with_columns(times.get_columns()), FINDINGS)


def _spelled(time: pl.Expr) -> pl.Expr:
    return time.dt.to_string("iso:strict")


def _events(change: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Change the times of the events that findings show; an unreadable one becomes null."""
    time = change(pl.element().struct.field("time"))
    return pl.col("events").list.eval(pl.element().struct.with_fields(time=time))
