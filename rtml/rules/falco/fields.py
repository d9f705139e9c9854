"""Falco's fields and system calls as data: ``mappings/falco.yml`` says what each one means here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rtml.captures.sensors.calls import SELF_EVIDENT
from rtml.errors import did_you_mean
from rtml.reading.packaged import packaged_yaml
from rtml.rules.language.conditions import All, Condition, Not, Number, Text, any_of
from rtml.rules.language.settle import FALSE
from rtml.rules.sigma.mapping import UnknownName
from rtml.schema import KINDS

__all__ = ["MISSING", "UNSEEN", "Field", "called", "field_of", "lonely", "system_calls"]

MISSING = "missing:"
"""Before the name of a field that no capture holds, in place of a column."""

UNSEEN = "unseen"
"""In place of a kind of event: of system calls that no capture holds."""

_SERIES = {"proc.aname": "ancestor", "proc.aexe": "ancestor_call", "proc.aexepath": "ancestor_exe"}
_DEEPEST = 8


@dataclass(frozen=True)
class Field:
    """What a field means: columns by kinds of event (all kinds when empty), or a constant.

    Only events on which ``when`` holds have it. The column never has the values ``never``, where the
    engine's field may. A ``listed`` field is a set of values; one with a ``key`` is the value of that
    key in a column of ``key=value``.
    """

    name: str
    columns: tuple[tuple[tuple[str, ...], str], ...]
    constant: str | None = None
    literals: tuple[str, ...] = ()
    when: tuple[Condition, ...] = field(default=(), kw_only=True)
    never: tuple[str, ...] = field(default=(), kw_only=True)
    listed: bool = field(default=False, kw_only=True)
    key: str | None = field(default=None, kw_only=True)


@cache
def _data() -> dict[str, Any]:
    return packaged_yaml("rtml.rules", "mappings/falco.yml", dict)


def field_of(name: str, argument: str | None) -> Field:
    """Look a field up.

    Raises
    ------
    UnknownName
        Falco has no such field, or none that rtml knows.

    Examples
    --------
    >>> field_of("proc.aname", "2").columns
    (((), 'ancestor_2'),)
    >>> field_of("proc.nam", None)
    Traceback (most recent call last):
    ...
    rtml.rules.sigma.mapping.UnknownName: field 'proc.nam' is unknown; did you mean 'proc.name'?
    """
    data = _data()
    shown = name if argument is None else f"{name}[{argument}]"
    literals = tuple(data["literals"].get(name, ()))
    if name in data["constants"]:
        return Field(shown, (), data["constants"][name], literals)
    if argument is not None and name in _SERIES:
        return Field(shown, (((), _ancestor(name, argument)),))
    missing = name in data["missing"].split() or _open(name)
    if missing or (argument is not None and name in data["fields"]):
        return Field(shown, (((), MISSING + shown),))
    if name not in data["fields"]:
        field_names = [*data["fields"], *data["constants"], *data["missing"].split(), "evt.type"]
        raise UnknownName(f"field {shown!r} is unknown; {did_you_mean(name, field_names)}")
    entry = data["fields"][name]
    when = (Number("outcome", ">=", 0.0),) if name.startswith("fs.path.") else ()
    if isinstance(entry, str):
        return Field(shown, (((), entry),), None, literals)
    columns = tuple(
        (tuple(kinds.split()), column) for kinds, names in entry.items() for column in names.split()
    )
    return Field(shown, columns, None, literals, when=when)


def _open(name: str) -> bool:
    """Tell whether a name begins with one that goes on as users like, and is mapped to nothing."""
    data = _data()
    return name not in data["fields"] and f"{name}.".startswith(
        tuple(f"{one}." for one in data["open"].split())
    )


def lonely(name: str) -> bool:
    """Tell whether Falco takes the field neither into a transformer nor on a right side.

    Examples
    --------
    >>> lonely("proc.aname"), lonely("proc.name")
    (True, False)
    """
    return name in _data()["lonely"].split()


def _ancestor(name: str, argument: str) -> str:
    if argument == "0":
        return "proc_name" if name == "proc.aname" else "exe"
    if not argument.isdigit() or int(argument) > _DEEPEST:
        return f"{MISSING}{name}[{argument}]"
    return f"{_SERIES[name]}_{int(argument)}"


def system_calls(kind: str) -> tuple[str, ...]:
    """Return the system calls that become events of a kind; none for kinds that are no call.

    Examples
    --------
    >>> system_calls("module_load"), system_calls("dns")
    (('init_module', 'finit_module'), ())
    """
    return tuple(_data()["kinds"].get(kind, "").split())


def called(names: tuple[str, ...]) -> Condition:
    """Return the condition that an event came of one of these system calls.

    Events of kinds that say which call it was have no name of it: calls that a kind holds beside its usual
    ones (``execveat``) are not told apart. Those of all other kinds name their call, some sensors' under the
    kind ``syscall``.

    Examples
    --------
    >>> called(("execve", "execveat"))
    Text(column='kind', how='equals', values=('exec',), cased=True)
    >>> called(("execveat",)).args[1].column
    'missing:evt.type=execveat'
    """
    parts = [part for kind in KINDS for part in _of_kind(kind, names)]
    unseen, known = _data()["unseen"].split(), {call for kind in SELF_EVIDENT for call in system_calls(kind)}
    requests = tuple(name for name in names if name not in known and name not in unseen)
    if requests:
        parts.append(All((_kind("syscall"), Text("request", "equals", requests, cased=True))))
    if set(names) & set(unseen):
        parts.append(_kind(UNSEEN))
    return any_of(parts) if parts else FALSE


def _of_kind(kind: str, names: tuple[str, ...]) -> list[Condition]:
    calls = system_calls(kind)
    asked = [name for name in names if name in calls]
    others = tuple(call for call in calls if call not in names)
    if not asked:
        return []
    if kind in (*SELF_EVIDENT, "create", "write"):
        rare = _data()["rare"].split()
        if set(asked) - set(rare):
            return [_kind(kind)]
        lacking = MISSING + "evt.type=" + ",".join(asked)
        return [All((_kind(kind), Text(lacking, "equals", ("",), cased=True)))]
    if not others:
        return [_kind(kind)]
    return [All((_kind(kind), Not(Text("request", "equals", others, cased=True))))]


def _kind(name: str) -> Condition:
    return Text("kind", "equals", (name,), cased=True)
