"""What a side of a comparison means: a field, or what Falco's transformers make of fields and literals.

Types are checked as Falco does: ``tolower``, ``toupper``, ``basename`` and ``b64`` take text, ``concat`` only
single texts, ``join`` a separator and a list, ``len`` a text (bytes are counted) or a list (its values are).
Some fields take no transformer and stand on no right side, because Falco compares them in ways of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import polars as pl

from rtml.reading.escapes import readable
from rtml.rules.falco.fields import MISSING, Field, lonely
from rtml.rules.falco.tree import Call, Group, Named, Operand, Value
from rtml.rules.language.columns import DERIVED, TYPES, is_number
from rtml.rules.language.computed import computed

__all__ = ["ADDRESSES", "Lookup", "Refused", "choices", "field_of_operand", "free", "in_tables", "type_of"]

ADDRESSES = frozenset({"src_ip", "dst_ip"})
Lookup = Callable[[str, str | None], Field]
_OF_ONE = ("tolower", "toupper", "basename", "b64", "len")


class Refused(Exception):
    """The condition asks for something that has no meaning here; the text says what."""


def field_of_operand(operand: Named | Call, lookup: Lookup) -> Field:
    """Return what a side of a comparison means; a transformed field has computed columns.

    Raises
    ------
    Refused, UnknownName
        A transformer does not take such arguments; an unknown field.

    Examples
    --------
    >>> from rtml.rules.falco.fields import field_of
    >>> field_of_operand(Call("len", (Named("proc.name"),)), field_of).columns
    (((), '["len","proc_name"]'),)
    """
    if isinstance(operand, Named):
        return lookup(operand.name, operand.argument)
    return _called(operand, [_argument(part, operand, lookup) for part in operand.arguments])


def _argument(part: Operand, call: Call, lookup: Lookup) -> Field | list[Field]:
    if isinstance(part, Group):
        return [_single(item, call, lookup) for item in part.items]
    return _single(part, call, lookup)


def _single(part: Operand, call: Call, lookup: Lookup) -> Field:
    if isinstance(part, Value):
        text = in_tables(part.text)
        return Field(str(part), (((), computed("literal", text)),))
    if isinstance(part, Group):
        raise Refused(f"{call}: a list within a list")
    return free(part, lookup)


def free(operand: Named | Call, lookup: Lookup) -> Field:
    """Return what a side means; refuse a field that Falco, or a capture, can compare with literals only."""
    if isinstance(operand, Named) and lonely(operand.name):
        raise Refused(f"{operand} takes no transformer and is compared with no other field, in Falco too")
    field = field_of_operand(operand, lookup)
    if field.constant is not None or field.literals or field.key is not None or not field.columns:
        raise Refused(f"{field.name} can be compared here only with literals")
    return field


def _called(call: Call, arguments: list[Field | list[Field]]) -> Field:
    match call.function, arguments:
        case ("len" | "tolower" | "toupper" | "basename" | "b64") as function, [Field() as one]:
            return _of_one(function, one, call)
        case "concat", [_, _, *_]:
            texts = [_text(part, call) for part in arguments]
            return _made("concat", call, texts)
        case "join", [Field() as separator, [*items]]:
            return _made("join", call, [_text(separator, call), *(_unlisted(item, call) for item in items)])
        case "join", [Field() as separator, Field(listed=True) as many]:
            return _made("join_many", call, [_text(separator, call), many])
        case "getopt", _:
            raise Refused(f"{call}: getopt() is not supported")
    raise Refused(f"{call}: {_NEEDS[call.function]}")


_NEEDS = {
    **dict.fromkeys(_OF_ONE, "takes one field or transformer"),
    "concat": "takes two or more single texts",
    "join": "takes a separator and a list",
}


def _of_one(function: str, field: Field, call: Call) -> Field:
    # Where the log says "" or [], tables have nothing, and a length of 0 is not told from absence.
    if function == "len" and field.listed:
        return replace(_made("count", call, [field]), never=("0",))
    if function == "b64" and field.listed:
        raise Refused(f"{call}: b64() of a list is not supported")
    made = _made(function, call, [_text(field, call, listed=True)])
    if function == "len":
        return replace(made, never=("0",) if "" in field.never else ())
    return replace(made, listed=field.listed, never=field.never)


def _text(field: Field | list[Field], call: Call, *, listed: bool = False) -> Field:
    if isinstance(field, list) or (field.listed and not listed):
        raise Refused(f"{call}: a list where {call.function}() takes a text")
    odd = [column for _, column in field.columns if type_of(column) != "text"]
    if odd:
        raise Refused(f"{call}: {field.name} is no text")
    return field


def _unlisted(field: Field, call: Call) -> Field:
    if field.listed:
        raise Refused(f"{call}: {field.name} is a list within a list")
    return field


def type_of(column: str) -> str:
    """Name what a column holds, to Falco.

    Examples
    --------
    >>> type_of("dst_port"), type_of("dst_ip"), type_of("proc_name"), type_of("failed")
    ('number', 'address', 'text', 'boolean')
    """
    if column in ADDRESSES:
        return "address"
    if (TYPES.get(column) or (DERIVED[column].dtype if column in DERIVED else None)) == pl.Boolean:
        return "boolean"
    return "number" if is_number(column) else "text"


def _made(function: str, call: Call, fields: list[Field]) -> Field:
    """Apply a function to every choice of the fields' columns that an event can have at once."""
    when = tuple(condition for field in fields for condition in field.when)
    made = []
    for kinds, columns in choices(fields):
        missing = [column for column in columns if column.startswith(MISSING)]
        made.append((kinds, missing[0] if missing else computed(function, *columns)))
    return Field(str(call), tuple(made), when=when)


def choices(fields: list[Field]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return every choice of one column each of which some kind of event has all, with those kinds.

    Examples
    --------
    >>> from rtml.rules.falco.fields import field_of
    >>> choices([field_of("fd.filename", None), field_of("proc.name", None)])
    [(('open', 'create', 'write'), ('file_name', 'proc_name'))]
    """
    found = []
    for choice in product(*(field.columns for field in fields)):
        limits = [kinds for kinds, _ in choice if kinds]
        kinds = tuple(k for k in limits[0] if all(k in limit for limit in limits)) if limits else ()
        if kinds or not limits:
            found.append((kinds, tuple(column for _, column in choice)))
    return found


def in_tables(text: str) -> str:
    """Write a literal as tables hold it (`rtml.reading.escapes`)."""
    return readable(text.encode("utf-8", "surrogateescape"))
