"""Audit events in columns, and the table made of them (`ROW`).

Types tell (``"auditID": 7`` is none): of a value that is no text a column holds null. Parts that many events
have alike (who asked, from where, what was allowed) and objects of requests and answers (`objects`) are
looked at once per distinct one; most events have none of the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from rtml.captures.audit import AUDIT
from rtml.captures.sensors.k8s_audit.objects import NO_FACTS, facts_of, object_facts
from rtml.captures.sensors.k8s_audit.values import MOST_ITEMS, MOST_TEXT, MOST_URI, mapping, texts, word

__all__ = ["PARTS", "ROW", "TOP", "Columns", "Once", "columns_of", "table_of"]

TOP = {
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
"""Texts of an event: name of the column to key."""
PARTS = {
    "ref": "objectRef",
    "notes": "annotations",
    "user": "user",
    "acted_as": "impersonatedUser",
    "addresses": "sourceIPs",
    "status": "responseStatus",
}
"""Parts of which several columns are made."""
ROW = pl.Schema(
    {
        **{name: kind for name, kind in AUDIT.items() if name not in ("host", "seq", "final")},
        "stage_time": pl.String(),
        "received": pl.String(),
        "written": pl.String(),
        "line": pl.Int64(),
    }
)
"""What is kept of an event; times are texts still."""

_REF = {
    "api_group": "apiGroup",
    "api_version": "apiVersion",
    "resource": "resource",
    "subresource": "subresource",
    "object_namespace": "namespace",
    "object_name": "name",
}
_OF_PARTS = {
    "ref": tuple(_REF),
    "notes": ("decision", "decision_reason"),
    "user": ("username", "user_uid", "groups"),
    "acted_as": ("impersonated",),
    "addresses": ("source_ips",),
    "status": ("code",),
}
_NOTES = ("authorization.k8s.io/decision", "authorization.k8s.io/reason")
_OF_OBJECTS = pl.Schema({**{name: ROW[name] for name in NO_FACTS}, "_answered": pl.String()})
_LISTS = [name for name in NO_FACTS if ROW[name] == pl.List(pl.String)]


class Once(NamedTuple):
    """Values, each once, and for each event the place of its own; None where it has none."""

    values: Sequence[Any]
    places: Sequence[int | None]


class Columns(NamedTuple):
    """Events: ``told`` in the order of `TOP`, which should be texts; objects as request, answer, resource."""

    told: Sequence[Sequence[Any]]
    parts: Mapping[str, Once]
    objects: Once


def columns_of(events: Sequence[Mapping[str, Any]]) -> Columns:
    """Return events of whatever types in columns."""
    each = range(len(events))
    told = [[event.get(key) for event in events] for key in TOP.values()]
    parts = {name: Once([event.get(key) for event in events], each) for name, key in PARTS.items()}
    resources = [mapping(ref).get("resource") for ref in parts["ref"].values]
    objects = [
        (event.get("requestObject"), event.get("responseObject"), word(resource))
        for event, resource in zip(events, resources, strict=True)
    ]
    return Columns(told, parts, Once(objects, each))


def table_of(columns: Columns, lines: Sequence[int]) -> pl.DataFrame:
    """Return events as a table (`ROW`), each with its line.

    Examples
    --------
    >>> event = {"auditID": "a", "verb": 7, "user": {"groups": ["g", "g"]}, "timestamp": "2027-01-01"}
    >>> table_of(columns_of([event]), [3]).select("audit_id", "verb", "groups", "written", "line").row(0)
    ('a', None, ['g'], '2027-01-01', 3)
    """
    told = pl.DataFrame([_texts(name, values) for name, values in zip(TOP, columns.told, strict=True)])
    parts = [_spread(_read(name, once.values), once.places) for name, once in columns.parts.items()]
    objects = _spread(_of_objects(columns.objects.values), columns.objects.places)
    kept = told.with_columns(_kept(text) for text in told)
    whole = pl.concat([kept, *parts, objects], how="horizontal").with_columns(
        object_name=pl.coalesce("object_name", "_answered"),
        cut=pl.col("_long").fill_null(False) | (told["uri"].str.len_chars() > MOST_URI).fill_null(False),
        line=pl.Series(lines, dtype=pl.Int64),
    )
    return whole.select(ROW.names())


def _texts(name: str, values: Sequence[Any]) -> pl.Series:
    """Return a column of texts, null where the value is none: Arrow refuses what is no text."""
    try:
        return pl.Series(name, pa.array(values, pa.large_string()))
    except pa.ArrowException:
        return pl.Series(name, [value if type(value) is str else None for value in values], dtype=pl.String)


def _kept(text: pl.Series) -> pl.Series:
    """Return what is kept of texts: those that are not empty, and how much of each (`values.word`)."""
    most, size = MOST_URI if text.name == "uri" else MOST_TEXT, text.str.len_bytes()
    if size.min() == 0:
        text = text.replace("", None)
    return text.str.slice(0, most) if (size > most).any() else text


def _read(name: str, values: Sequence[Any]) -> pl.DataFrame:
    return _frame([*map(_READ[name], values)], pl.Schema({name: ROW[name] for name in _OF_PARTS[name]}))


def _frame(rows: Sequence[Sequence[Any]], schema: pl.Schema) -> pl.DataFrame:
    """Return rows as columns; of lists Arrow makes them ten times as fast as Polars."""
    kinds = schema.to_frame().to_arrow().schema
    told = [*zip(*rows, strict=True)] or [()] * len(kinds)
    return pl.DataFrame(
        pa.table([pa.array(v, kind.type) for v, kind in zip(told, kinds, strict=True)], kinds)
    )


def _spread(table: pl.DataFrame, places: Sequence[int | None]) -> pl.DataFrame:
    return table if isinstance(places, range) else table[pl.Series(places, dtype=pl.UInt32)]


def _of_ref(value: Any) -> Sequence[Any]:
    get = mapping(value).get
    return [word(get(key)) for key in _REF.values()]


def _of_notes(value: Any) -> Sequence[Any]:
    get = mapping(value).get
    return [word(get(name)) for name in _NOTES]


def _of_user(value: Any) -> Sequence[Any]:
    user = mapping(value)
    groups = user.get("groups")
    return (
        word(user.get("username")),
        word(user.get("uid")),
        texts(groups) if isinstance(groups, list) else None,
    )


def _of_acted_as(value: Any) -> Sequence[Any]:
    return (word(mapping(value).get("username")),)


def _of_addresses(value: Any) -> Sequence[Any]:
    """Return the distinct addresses; the last, which alone the caller cannot choose, stays last."""
    if not isinstance(value, list):
        return (None,)
    connected = texts(value[-1:]) or []
    others = texts(address for address in value[:-1] if address not in connected) or []
    return ([*others[: MOST_ITEMS - 1], *connected] or None,)


def _of_status(value: Any) -> Sequence[Any]:
    code = mapping(value).get("code")
    return (code if type(code) is int and 0 <= code < 1000 else None,)


_READ: dict[str, Callable[[Any], Sequence[Any]]] = {
    "ref": _of_ref,
    "notes": _of_notes,
    "user": _of_user,
    "acted_as": _of_acted_as,
    "addresses": _of_addresses,
    "status": _of_status,
}


def _of_objects(values: Sequence[tuple[Any, Any, str | None]]) -> pl.DataFrame:
    """Return what requests and answers say, the name in the answer, and whether it was too long to keep."""
    rows, facts_of = list[Sequence[Any]](), _remembering()
    for request, response, resource in values:
        facts = object_facts(request, response, resource, facts_of)
        rows.append((*facts.values(), word(mapping(response, "metadata").get("name"))))
    table = _frame(rows, _OF_OBJECTS)
    return table.with_columns(_long=pl.any_horizontal(_is_long(table[name]) for name in _LISTS))


def _remembering() -> Callable[[Any, str | None], Mapping[str, Any]]:
    """Return `objects.facts_of`, which remembers: the same object may stand in many requests."""
    known: dict[tuple[int, str | None], Mapping[str, Any]] = {}

    def facts(value: Any, kind: str | None) -> Mapping[str, Any]:
        key = id(value), kind
        if key not in known:
            known[key] = facts_of(value, kind)
        return known[key]

    return facts


def _is_long(lists: pl.Series) -> pl.Series:
    """Tell whether a list, or a text in it, reached the length that is kept."""
    many = lists.list.len() >= MOST_ITEMS
    if (lists.explode().str.len_bytes().max() or 0) < MOST_TEXT:  # type: ignore[operator]
        return many
    return many | lists.list.eval(pl.element().str.len_chars() >= MOST_TEXT).list.any()
