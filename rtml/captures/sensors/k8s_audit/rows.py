"""Audit events as rows: a column after the other, since a call for each value costs more than the parsing.

Types tell (``"auditID": 7`` is none): of a value that is no text a column holds null. Objects of requests and
answers alone are looked at event by event (`objects`); most events have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from rtml.captures.audit import AUDIT
from rtml.captures.sensors.k8s_audit.objects import NO_FACTS, object_facts
from rtml.captures.sensors.k8s_audit.values import MOST_ITEMS, MOST_TEXT, MOST_URI, mapping, texts, word

__all__ = ["ROW", "Row", "row_of", "table_of"]

ROW = pl.Schema(
    {
        **{name: kind for name, kind in AUDIT.items() if name not in ("host", "seq", "final")},
        "stage_time": pl.String(),
        "received": pl.String(),
        "time": pl.String(),
        "line": pl.Int64(),
    }
)
"""What is kept of an event; times are texts still."""

Event = dict[str, Any]
Work = Callable[[Sequence[Any]], list[str] | None]

_TOP = {
    "audit_id": "auditID",
    "stage": "stage",
    "level": "level",
    "verb": "verb",
    "uri": "requestURI",
    "user_agent": "userAgent",
    "stage_time": "stageTimestamp",
    "received": "requestReceivedTimestamp",
    "written": "timestamp",
}
_REF = {
    "api_group": "apiGroup",
    "api_version": "apiVersion",
    "resource": "resource",
    "subresource": "subresource",
    "object_namespace": "namespace",
    "object_name": "name",
}
_NOTES = {"decision": "authorization.k8s.io/decision", "decision_reason": "authorization.k8s.io/reason"}
_USER = {"username": "username", "user_uid": "uid"}
_TEXTS = (*_TOP, *_REF, *_NOTES, *_USER, "impersonated", "answered")
_KEYS = tuple(tuple(names.values()) for names in (_TOP, _REF, _NOTES, _USER))
_TIME = ("received", "stage_time", "written")
_REPEATED = 256
"""So many lists of groups and addresses are remembered, of at most so many texts."""
_FACTS = pl.Schema({name: ROW[name] for name in NO_FACTS})
_ARROW = _FACTS.to_frame().to_arrow().schema


class Row(NamedTuple):
    """What is kept of an event: ``told`` are values that should be texts, ``facts`` what its objects say."""

    told: tuple[Any, ...]
    groups: list[str] | None
    source_ips: list[str] | None
    code: int | None
    facts: Mapping[str, Any]


def row_of(event: Event) -> Row:
    """Take what is wanted out of an event, so that the rest of it can go."""
    get = event.get
    ref, notes, user = (mapping(get(part)).get for part in ("objectRef", "annotations", "user"))
    request, response = get("requestObject"), get("responseObject")
    code = mapping(get("responseStatus")).get("code")
    of_top, of_ref, of_notes, of_user = _KEYS
    return Row(
        (
            *map(get, of_top),
            *map(ref, of_ref),
            *map(notes, of_notes),
            *map(user, of_user),
            mapping(get("impersonatedUser")).get("username"),
            mapping(response, "metadata").get("name"),
        ),
        _once(texts, user("groups")),
        _once(_addresses, get("sourceIPs")),
        code if type(code) is int and 0 <= code < 1000 else None,
        object_facts(request, response, word(ref("resource"))) if request or response else NO_FACTS,
    )


def table_of(rows: Sequence[Row], lines: Sequence[int]) -> pl.DataFrame:
    """Return rows as a table (`ROW`), each with its line.

    Examples
    --------
    >>> event = {"auditID": "a", "verb": 7, "user": {"groups": ["g", "g"]}, "timestamp": "2027-01-01"}
    >>> table_of([row_of(event)], [3]).select("audit_id", "verb", "groups", "time", "line").row(0)
    ('a', None, ['g'], '2027-01-01', 3)
    """
    told = zip(*(row.told for row in rows), strict=True) if rows else [()] * len(_TEXTS)
    columns = {name: _texts(values) for name, values in zip(_TEXTS, told, strict=True)}
    for name in ("groups", "source_ips", "code"):
        columns[name] = _column([getattr(row, name) for row in rows], name)
    columns["line"] = pl.Series(lines, dtype=pl.Int64)
    facts, long = _facts([row.facts for row in rows])
    texts = pl.DataFrame(columns)
    long = long | (texts["uri"].str.len_chars() > MOST_URI).fill_null(False)
    kept = texts.with_columns(_kept(texts, name) for name in _TEXTS)
    named = kept.with_columns(
        time=pl.coalesce(_TIME), object_name=pl.coalesce("object_name", "answered"), cut=long
    )
    return named.hstack(facts).select(ROW.names()).cast(ROW)


def _texts(values: Sequence[Any]) -> pl.Series:
    """Return a column of texts, null where the value is none: Arrow refuses what is no text."""
    try:
        return pl.Series(pa.array(values, pa.large_string()))
    except pa.ArrowException:
        return pl.Series([value if type(value) is str else None for value in values], dtype=pl.String)


def _column(values: Sequence[Any], name: str) -> pl.Series:
    """Return a column; of lists Arrow makes one ten times as fast as Polars."""
    return pl.Series(pa.array(values, pl.Schema({name: ROW[name]}).to_frame().to_arrow().schema[0].type))


def _kept(rows: pl.DataFrame, name: str) -> pl.Expr:
    """Return what is kept of texts: those that are not empty, and how much of each (`values.word`)."""
    most = MOST_URI if name == "uri" else MOST_TEXT
    text, size = pl.col(name), rows[name].str.len_bytes()
    kept = pl.when(text != "").then(text) if size.min() == 0 else text
    return kept.str.slice(0, most) if (size > most).any() else kept


def _facts(facts: Sequence[Mapping[str, Any]]) -> tuple[pl.DataFrame, pl.Series]:
    """Return what objects say as columns, and whether any of it was too long to be kept; most say nothing."""
    there = pl.Series([fact is not NO_FACTS for fact in facts], dtype=pl.Boolean)
    found = [dict(fact) for fact in facts if fact is not NO_FACTS]
    table = pl.DataFrame(pa.Table.from_pylist(found, _ARROW), schema=_FACTS)
    table = table.with_columns(_long=pl.Series([_long(fact) for fact in found], dtype=pl.Boolean))
    place = pl.when(there).then(there.cum_sum() - 1)
    whole = table.select(pl.all().gather(pl.select(place.alias("at"))["at"]))
    return whole.drop("_long"), whole["_long"].fill_null(False)


def _long(facts: Mapping[str, Any]) -> bool:
    """Tell whether a value reached the length that is kept."""
    lists = [value for value in facts.values() if isinstance(value, list)]
    return any(len(values) >= MOST_ITEMS or any(len(t) >= MOST_TEXT for t in values) for values in lists)


def _addresses(values: Sequence[Any]) -> list[str] | None:
    """Return the distinct addresses; the last, which alone the caller cannot choose, stays last."""
    connected = texts(values[-1:]) or []
    others = texts(address for address in values[:-1] if address not in connected) or []
    return [*others[: MOST_ITEMS - 1], *connected] or None


def _once(work: Work, value: Any) -> list[str] | None:
    """Return what is made of a list; the same few short ones are in all events."""
    if not isinstance(value, list):
        return None
    if len(value) > _REPEATED or not all(type(text) is str and len(text) <= _REPEATED for text in value):
        return work(value)
    return _remembered(work, tuple(value))


@lru_cache(_REPEATED)
def _remembered(work: Work, values: tuple[Any, ...]) -> list[str] | None:
    return work(values)
