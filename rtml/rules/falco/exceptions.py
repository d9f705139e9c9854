"""Exceptions of Falco's rules: which values of which fields a rule lets pass, joined by name.

An entry that is not understood is named and left out: it must not take its rule with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Row", "merged", "rows_of"]

_OF_LISTS = ("in", "pmatch", "intersects")
_OPERATORS = frozenset(
    "= == != < <= > >= contains icontains bcontains startswith bstartswith endswith glob iglob regex".split()
) | {*_OF_LISTS}
Row = list[tuple[str, str, Any]]
"""Field, operator and value of every comparison: all hold where the exception does."""


def merged(
    before: Sequence[Mapping[str, Any]], added: Sequence[Any]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Join exceptions to those that a rule has: values without fields go to the one of that name.

    Parameters
    ----------
    before
        Exceptions that the rule has, all understood.
    added
        As they stand in a file.

    Returns
    -------
    The exceptions, and what is wrong with those that were left out.

    Examples
    --------
    >>> cron = {"name": "cron", "fields": ["proc.pname"], "values": [["cron"]]}
    >>> more = [{"name": "cron", "values": [["atd"]]}, {"name": "corn", "values": [["atd"]]}]
    >>> exceptions, problems = merged([cron], more)
    >>> exceptions[0]["values"], problems
    ([['cron'], ['atd']], ["exception 'corn': no fields, and none of this name before"])
    """
    exceptions, problems = list(before), []
    for entry in added:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        at = next((i for i, old in enumerate(exceptions) if name and old.get("name") == name), None)
        try:
            joined = _joined(entry, None if at is None else exceptions[at])
            list(rows_of(joined))
        except ValueError as problem:
            problems.append(f"exception {name!r}: {problem}")
            continue
        if at is None or "fields" in entry:
            exceptions.append(joined)
        else:
            exceptions[at] = joined
    return exceptions, problems


def _joined(entry: Any, old: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise ValueError("a name and fields are needed")
    if "fields" in entry:
        return entry
    if old is None:
        raise ValueError("no fields, and none of this name before")
    if "comps" in entry:
        raise ValueError("comps are set where the fields are")
    new = entry.get("values") or []
    if not isinstance(new, list):
        raise ValueError("values must be a list")
    return {**old, "values": [*(old.get("values") or []), *new]}


def rows_of(exception: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the comparisons of each row of values.

    Raises
    ------
    ValueError
        Fields, comparisons and values differ in form or number.

    Examples
    --------
    >>> list(rows_of({"fields": "proc.name", "values": ["sh", "bash"]}))
    [[('proc.name', 'in', ['sh', 'bash'])]]
    """
    fields, rows = exception["fields"], exception.get("values") or []
    single = isinstance(fields, str)
    names = [fields] if single else fields
    comps = exception.get("comps") or ("in" if single else ["="] * len(names or []))
    operators = [comps] if isinstance(comps, str) else comps
    if not all(_texts(part) for part in (names, operators)) or len(names) != len(operators):
        raise ValueError("fields and comps must be texts, as many of one as of the other")
    odd = [operator for operator in operators if operator not in _OPERATORS]
    if odd:
        raise ValueError(f"{odd[0]!r} compares with no value")
    if not isinstance(rows, list):
        raise ValueError("values must be a list")
    if single and rows:
        rows = [[rows]]
    for row in rows:
        if not isinstance(row, list) or len(row) != len(names):
            raise ValueError("values and fields differ in number")
        yield [(name, *_compared(*part)) for name, *part in zip(names, operators, row, strict=True)]


def _compared(operator: str, value: Any) -> tuple[str, Any]:
    """Return operator and value; several values are compared as a list, or not at all."""
    if isinstance(value, str):
        return operator, value
    if not _texts(value):
        raise ValueError("a value is a text, or a list of texts")
    if operator not in (*_OF_LISTS, "=", "=="):
        raise ValueError(f"{operator} compares with one value, not with a list")
    return operator if operator in _OF_LISTS else "in", value


def _texts(part: Any) -> bool:
    return isinstance(part, list) and all(isinstance(item, str) for item in part)
