"""Findings as rows that can be handed to other tools: nothing hostile, nothing secret, nothing odd.

Every format but those of the table itself starts here, so what is escaped, hidden and rounded is so in all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import polars as pl

from rtml.findings.guessing import with_guess
from rtml.findings.levels import LEVELS
from rtml.findings.redaction import redacted
from rtml.findings.remediation import advice
from rtml.findings.unit import stable_id
from rtml.images import repository, tag
from rtml.schema import FINDINGS, conform
from rtml.text import visible

__all__ = ["LONGEST", "Row", "exported_type", "given", "instant_ms", "rows_of", "zulu"]

Row: TypeAlias = Mapping[str, Any]
"""Columns of `rtml.schema.FINDINGS`, and ``model``, ``advice``, ``guess``, ``repository``, ``tag``.

Of the trees in ``again`` only the containers."""

LONGEST = 1000
"""Characters of a text that are handed on; what is cut is counted."""

_LONGEST_TYPE, _LONGEST_ID = 150, 128
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_OF_MODELS = ("AnomalousBehavior", "Change:")


def rows_of(findings: pl.DataFrame) -> Iterator[Row]:
    r"""Yield the findings of a table as rows.

    Texts are readable (`rtml.text.visible`), command lines without secrets, numbers finite and of six digits.
    What every format needs is never null: id, type, title, severity, count, ``first_seen`` and ``last_seen``
    (of a finding without a time 1970-01-01, so that nothing is taken for new).

    Examples
    --------
    >>> odd = pl.DataFrame({"source": ["model"], "title": ["\x1b[2J"], "score": [0.1 + 0.2]})
    >>> row = next(rows_of(odd))
    >>> row["title"], row["score"], row["type"], row["count"]
    ('\\x1b[2J', 0.3, 'Behavior:Runtime/AnomalousBehavior.Unknown', 1)
    """
    hidden = [redacted(pl.col(name)) for name in ("title", "cmdline", "output", "counterfactual", "compared")]
    reason = pl.element().struct.with_fields(redacted(pl.field("feature")))
    safe = with_guess(conform(findings, FINDINGS)).with_columns(
        *hidden,
        _inside("events", "cmdline", "request", "output"),
        _inside("parents", "cmdline"),
        pl.col("contributions").list.eval(reason),
        repository=repository(pl.col("image")),
        tag=tag(pl.col("image")),
    )
    return (_complete(_tidy(row)) for row in safe.iter_rows(named=True))


def _inside(column: str, *names: str) -> pl.Expr:
    """Hide secrets in texts inside a list."""
    return pl.col(column).list.eval(pl.element().struct.with_fields(redacted(pl.field(n)) for n in names))


def _tidy(value: Any) -> Any:
    match value:
        case str():
            return visible(value, LONGEST)
        case float():
            return float(f"{value:.6g}") if math.isfinite(value) else None
        case dict():
            return {name: _tidy(inner) for name, inner in value.items()}
        case list():
            return [_tidy(inner) for inner in value]
    return value


def _complete(row: dict[str, Any]) -> Row:
    first = row["first_seen"] or row["last_seen"] or _EPOCH
    last = max(row["last_seen"] or first, first)
    kind = visible(exported_type(row["source"], row["type"]), _LONGEST_TYPE)
    named = (kind, str(row["detector"]), str(row["container_id"]), str(row["process_id"]), first.isoformat())
    severity = row["severity"] if row["severity"] is not None else LEVELS["informational"]
    lists = {name: row[name] or [] for name, what in FINDINGS.items() if isinstance(what, pl.List)}
    return {
        **row,
        **lists,
        "finding_id": _short_id(row["finding_id"]) or stable_id("finding", *named),
        "model": row["source"] == "model",
        "type": kind,
        "title": row["title"] or kind,
        "detector": row["detector"] or "rtml",
        "severity": round(min(max(severity, 0.0), 10.0), 1),
        "count": max(row["count"] or 1, 1),
        "first_seen": first,
        "last_seen": last,
        "advice": advice(row["type"]),
        "sample": bool(row["sample"]),
        "again": list(dict.fromkeys(tree["container_id"] for tree in lists["again"])),
    }


def _short_id(name: str | None) -> str | None:
    """Return an id that every format has room for: itself, else one that is made of it."""
    return stable_id("finding", name) if name and len(name) > _LONGEST_ID else name


def exported_type(source: str | None, kind: str | None) -> str:
    """Return the type that a finding is handed on with: what a model says never looks like a rule's.

    Examples
    --------
    >>> exported_type("rule", "Execution:Runtime/ReverseShell")
    'Execution:Runtime/ReverseShell'
    >>> exported_type("model", "Execution:Runtime/ReverseShell")
    'Execution:Runtime/AnomalousBehavior.ReverseShell'
    """
    named = kind or "Behavior:Runtime/Unknown"
    if source != "model" or any(word in named for word in _OF_MODELS):
        return named
    place, slash, name = named.rpartition("/")
    return f"{place}/AnomalousBehavior.{name}" if slash else f"Behavior:Runtime/AnomalousBehavior.{name}"


def given(**facts: Any) -> dict[str, Any]:
    """Return what is known: nothing null, no empty text, list or object. Zero and False are known.

    Examples
    --------
    >>> given(a=None, b="", c=[], d={}, e=0, f="x")
    {'e': 0, 'f': 'x'}
    """
    return {name: value for name, value in facts.items() if value is not None and value not in ("", [], {})}


def instant_ms(time: dt.datetime) -> int:
    """Return milliseconds since 1970.

    Examples
    --------
    >>> instant_ms(dt.datetime(1970, 1, 1, 0, 0, 1, 500_999, tzinfo=dt.UTC))
    1500
    """
    return (time - _EPOCH) // dt.timedelta(milliseconds=1)


def zulu(time: dt.datetime) -> str:
    """Return a time as ISO 8601 with milliseconds and ``Z``, which every tool reads.

    Examples
    --------
    >>> zulu(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    '2026-01-02T00:00:00.000Z'
    """
    return f"{time.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
