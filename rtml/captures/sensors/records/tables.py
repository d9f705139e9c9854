"""From a file to tables of its records, block by block: good ones as columns, bad ones with the reason.

Lines that are an object each are read together. What else a file may hold, records in envelopes, printed
over several lines, several on one line, in lists, text between them, is looked at one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from rtml.captures.sensors.heads import host_of, unheaded
from rtml.captures.sensors.records.blocks import Block, blocks, sound
from rtml.captures.sensors.records.fields import Fields, kinds_of, table_of
from rtml.captures.sensors.records.format import Format
from rtml.captures.sensors.records.values import said
from rtml.reading.documents import Document, documents_of, whole_lines
from rtml.reading.envelopes import Inside, records, records_of

__all__ = ["Table", "block_table", "tables"]

_REFUSED = pl.Schema({"line": pl.Int64(), "reason": pl.String(), "text": pl.String()})
_GAP = b'{"":0}'
"""Stands where lines are left out, so that what is open before does not go on behind."""
_NO_RECORD = {"": 0}
_MANY = 2000


class Table(NamedTuple):
    """``rows``: ``line``, ``text`` and the columns of the format; ``rejects``: ``line, reason, text``.

    Without ``text`` what is ``shown`` of lines that are refused is made when they are.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    shown: Callable[[pl.Series], pl.Series] | None = None


def tables(path: Path, format: Format) -> Iterator[Table]:
    """Yield the records of a file, some megabytes at a time, in the order of its lines.

    Raises
    ------
    RtmlError
        No such file, a folder, or an unreadable one.
    """
    for number, block in enumerate(blocks(path, cut=format.cut)):
        table, plain = block_table(block, format)
        if number == 0 and not plain:
            yield from _one_by_one(records(path, _expected(format)), format)
            return
        yield table


def block_table(block: Block, format: Format) -> tuple[Table, bool]:
    """Read one block; say also whether any of its lines is a record as it stands."""
    if block.problem is not None:
        text = block.raw.decode("utf-8", "backslashreplace")
        return Table(_no_rows(format), _refused([(block.first, block.problem, text)])), False
    lines = pl.DataFrame({"text": sound(block.raw)}).with_row_index("line", offset=block.first)
    lines = _without_heads(lines.with_columns(pl.col("line").cast(pl.Int64)), format)
    shaped = pl.col("text").str.starts_with("{") & pl.col("text").str.ends_with("}")
    rows = _on_hosts(_claimed(lines.filter(shaped), format, look=True)[0], format)
    odd = lines.filter(pl.col("text") != "").join(rows, on="line", how="anti") if _odd(lines, rows) else None
    if odd is None:
        return Table(rows, _refused([])), not rows.is_empty()
    raw = block.raw.split(b"\n")
    documents = documents_of(_with_gaps(raw, block.first, odd["line"]))
    found = [*_one_by_one(records_of(documents, _expected(format)), format)]
    joined = pl.concat([rows, *(table.rows for table in found)]).sort("line", maintain_order=True)
    return Table(joined, pl.concat([_refused([]), *(t.rejects for t in found)])), not rows.is_empty()


def _without_heads(lines: pl.DataFrame, format: Format) -> pl.DataFrame:
    """Take the heads of syslog off lines of which only these name the host (``head``)."""
    if format.host is None:
        return lines
    headed = (~lines["text"].str.starts_with("{")).arg_true()
    if headed.is_empty():
        return lines
    parts = unheaded(lines["text"].gather(headed))
    nowhere = pl.Series("head", [None], pl.String).new_from_index(0, lines.height)
    return lines.with_columns(
        lines["text"].scatter(headed, parts["text"]), nowhere.scatter(headed, parts["head"])
    )


def _on_hosts(rows: pl.DataFrame, format: Format) -> pl.DataFrame:
    if format.host is None or "head" not in rows.columns:
        return rows
    return rows.with_columns(pl.coalesce(said(pl.col(format.host)), "head").alias(format.host)).drop("head")


def _expected(format: Format) -> Inside:
    return Inside(format.writers, format.own)


def _odd(lines: pl.DataFrame, rows: pl.DataFrame) -> bool:
    return rows.height < lines.height - int((lines["text"] == "").sum())


def _with_gaps(raw: list[bytes], first: int, numbers: pl.Series) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield lines of a block, and a mark wherever lines between them are left out."""

    def lines() -> Iterator[tuple[int, bytes]]:
        before = first - 1
        for number in numbers:
            if number != before + 1:
                yield 0, _GAP
            before = number
            yield number, raw[number - first]

    return whole_lines(lines())


def _one_by_one(found: Iterable[Document], format: Format) -> Iterator[Table]:
    """Read documents that had to be looked at by themselves."""
    documents = (one for one in found if one.line > 0 and one.value != _NO_RECORD)
    while some := list(islice(documents, _MANY)):
        texts = [None if document.problem else _one_line(document) for document in some]
        bad = [(d.line, d.problem, _shown(d)) for d in some if d.problem is not None]
        lines = pl.DataFrame({"line": [d.line for d in some], "text": pl.Series(texts, dtype=pl.String)})
        if format.host is not None:
            lines = lines.with_columns(_hosts(some))
        rows, problems = _claimed(lines.with_row_index("place"), format)
        why = {place: problem for place, problem in problems if texts[place] is not None}
        bad += [(some[place].line, problem, _shown(some[place])) for place, problem in why.items()]
        ours = set(rows["place"])
        strange = [i for i, text in enumerate(texts) if text is not None and i not in why and i not in ours]
        bad += [(some[i].line, f"not a record of {format.what}", texts[i] or "") for i in strange]
        yield Table(_on_hosts(rows.drop("place"), format), _refused(bad))


def _hosts(some: Sequence[Document]) -> pl.Series:
    """Return the hosts that heads before documents name, else the envelopes round them (``head``)."""
    said = pl.DataFrame(
        {"before": [d.head.decode("utf-8", "replace") for d in some], "host": [d.host for d in some]},
        schema={"before": pl.String(), "host": pl.String()},
    )
    return said.select(pl.coalesce(host_of(pl.col("before")), "host").alias("head"))["head"]


def _one_line(document: Document) -> str:
    """Return a document on one line; what cannot be written so (too deep) is given as it stands."""
    try:
        return json.dumps(document.value, ensure_ascii=False)
    except RecursionError:
        return document.raw.decode("utf-8", "backslashreplace")


def _shown(document: Document) -> str:
    return document.raw[:800].decode("utf-8", "backslashreplace")


def _claimed(
    lines: pl.DataFrame, format: Format, look: bool = False
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Read lines in each form that the sensor has; return those that it claims, and which are no object.

    With ``look`` lines are not read in a form of which they lack a key that it needs.
    """
    lines, found, problems = lines.with_row_index("_at"), list[pl.DataFrame](), list[tuple[int, str]]()
    left = lines
    for number, fields in enumerate(format.generations):
        rest, may = left.clear(), left
        if look and format.needs and len(format.generations) > 1:
            possible = left.select(_may_be(fields, format.needs).alias("may"))["may"]
            may, rest = (left, rest) if possible.all() else (left.filter(possible), left.filter(~possible))
        text = may["text"] if format.rewrite is None else may.select(format.rewrite(pl.col("text")))["text"]
        columns, faults = table_of(text, fields)
        if number == 0:
            problems = faults
        rows = may.with_columns(pl.lit(number).alias("generation")).hstack(columns)
        ours = rows.select(format.claims.fill_null(False).alias("ours"))["ours"]
        found.append(rows if ours.all() else rows.filter(ours))
        left = pl.concat([rest, may.filter(~ours)]) if rest.height else may.filter(~ours)
        if left.is_empty() and number == 0:
            return _of_every_form(rows.drop("_at"), format), problems
    rows = pl.concat(found, how="diagonal_relaxed")
    in_order = sum(not part.is_empty() for part in found) < 2
    return (rows if in_order else rows.sort("_at")).drop("_at"), problems


def _may_be(fields: Fields, needs: Sequence[str]) -> pl.Expr:
    """Say whether texts have every key that a form needs, or escapes, in which keys may be spelled."""
    paths = [field if isinstance(field, str) else field[0] for field in (fields[name] for name in needs)]
    keys = {f'"{path.rpartition("/")[2]}"' for path in paths}
    text = pl.col("text")
    return pl.all_horizontal(text.str.contains(key, literal=True) for key in sorted(keys)) | (
        text.str.contains("\\u", literal=True)
    )


def _of_every_form(rows: pl.DataFrame, format: Format) -> pl.DataFrame:
    """Return rows of the first form with the columns that only others have."""
    lacking = {
        name: kind
        for fields in format.generations[1:]
        for name, kind in kinds_of(fields).items()
        if name not in rows.columns
    }
    return rows.with_columns(pl.lit(None, kind).alias(name) for name, kind in lacking.items())


def _refused(rows: list[tuple[int, str, str]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=_REFUSED, orient="row")
    return frame.with_columns(pl.col("text").str.slice(0, 200))


def _no_rows(format: Format) -> pl.DataFrame:
    return _claimed(pl.DataFrame(schema={"line": pl.Int64(), "text": pl.String()}), format)[0]
