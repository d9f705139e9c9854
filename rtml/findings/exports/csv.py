"""CSV for spreadsheets: one line per finding, flat, with the advice; RFC 4180, UTF-8.

A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a
return) gets an apostrophe before it. Lists are joined by ``; ``, reasons are sentences.
"""

from __future__ import annotations

import polars as pl

from rtml.findings.exports.contract import Export, Origin
from rtml.findings.exports.rows import Row, rows_of, zulu
from rtml.findings.reasons import because
from rtml.schema import IDENTITY

__all__ = ["CSV", "COLUMNS"]

_NUMBERS = {
    "severity": pl.Float64(),
    "score": pl.Float64(),
    "p_value": pl.Float64(),
    "budget": pl.Float64(),
    "count": pl.Int64(),
    "pid": pl.Int64(),
}
_TEXTS = ("compared", "counterfactual", "maturity", "user", "exe", "exe_sha256", "cmdline", "output", "actor")
_LISTS = ("techniques", "destinations", "files")
COLUMNS = (
    *("finding_id", "first_seen", "last_seen", "type", "title", "source", "detector", *_NUMBERS),
    *IDENTITY,
    *(*_TEXTS, *_LISTS, "parents", "reasons", "check", "contain", "silence", "sample"),
)
"""Columns, in their order."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _write(findings: pl.DataFrame, origin: Origin) -> bytes:
    schema = {name: _NUMBERS.get(name, pl.String()) for name in COLUMNS}
    rows = [[_cell(value) for value in _flat(row).values()] for row in rows_of(findings)]
    return pl.DataFrame(rows, schema=schema, orient="row").write_csv(line_terminator="\r\n").encode()


def _flat(row: Row) -> Row:
    advice = row["advice"]
    made = {
        "first_seen": zulu(row["first_seen"]),
        "last_seen": zulu(row["last_seen"]),
        "parents": "; ".join(parent["cmdline"] or parent["exe"] or "?" for parent in row["parents"]),
        "reasons": "; ".join(because(row)),
        "check": advice.check,
        "contain": advice.contain,
        "silence": advice.silence,
        "sample": "sample" if row["sample"] else None,
        **{name: "; ".join(row[name]) for name in _LISTS},
    }
    return {name: made.get(name, row.get(name)) for name in COLUMNS}


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet computes."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


CSV = Export("csv", ".csv", _write)
