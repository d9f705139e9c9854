"""What an export format is: a name, how its files end, and a function from findings to a document.

A new format is one file with one `Export`, and its line in `rtml.registered.EXPORTS`. The laws of
``tests/findings/test_exports.py`` hold it, with a validator of its own where one exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from rtml.findings.exports.rows import Row, rows_of

__all__ = ["HERE", "Export", "Origin", "by_line", "compact"]


@dataclass(frozen=True)
class Origin:
    """Where findings come from, for formats that ask for it.

    ``account``: of findings that name no account of 12 digits. ``region``: what AWS formats call theirs.
    """

    account: str = "000000000000"
    region: str = "us-east-1"


HERE = Origin()
"""What is written where nobody says better."""


@dataclass(frozen=True)
class Export:
    """A format that findings are written in.

    Parameters
    ----------
    name
        As written on the command line: ``rtml findings export``.
    suffix
        How its files end.
    write
        From a table (`rtml.schema.FINDINGS`) to the bytes of a file.
    one
        From one finding to one document, where a finding has one of its own; sinks send those.
    """

    name: str
    suffix: str
    write: Callable[[pl.DataFrame, Origin], bytes]
    one: Callable[[Row, Origin], dict[str, Any]] | None = None


def by_line(name: str, one: Callable[[Row, Origin], dict[str, Any]]) -> Export:
    r"""Make the format of one JSON document per finding and line.

    Examples
    --------
    >>> form = by_line("ids", lambda row, origin: {"id": row["finding_id"], "where": origin.region})
    >>> form.write(pl.DataFrame({"finding_id": ["f"]}), HERE)
    b'{"id":"f","where":"us-east-1"}\n'
    """

    def write(findings: pl.DataFrame, origin: Origin) -> bytes:
        return _lines(compact(one(row, origin)) for row in rows_of(findings))

    return Export(name, ".jsonl", write, one)


def compact(value: Any) -> str:
    """Return strict JSON of ASCII in one line: no NaN, and nothing that moves a cursor."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()
