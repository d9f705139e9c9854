"""Fields of Falco's plugin k8saudit as data, from ``mappings/falco_audit_fields.yml``."""

from __future__ import annotations

from functools import cache
from typing import Any

from rtml.errors import did_you_mean
from rtml.reading.packaged import packaged_yaml
from rtml.rules.falco.fields import MISSING, Field
from rtml.rules.language.columns import LISTS
from rtml.rules.language.conditions import Condition, Text
from rtml.rules.sigma.mapping import UnknownName

__all__ = ["audit_field"]

_SENT = Text("verb", "equals", ("create", "update", "patch"), cased=True)
_POD = Text("resource", "equals", ("pods",), cased=True)
_GUARDS: dict[str, tuple[Condition, ...]] = {
    "always": (),
    "of_pods": (_POD,),
    "sent": (_SENT,),
    "pod": (_SENT, _POD),
}
_PARAMETER, _MOUNT = "ka.uri.param", "ka.req.volume.hostpath"


@cache
def _data() -> dict[str, Any]:
    return packaged_yaml("rtml.rules", "mappings/falco_audit_fields.yml", dict)


def audit_field(name: str, argument: str | None) -> Field:
    """Look a field of rules of source k8s_audit up.

    Raises
    ------
    UnknownName
        The plugins k8saudit and json have no such field, or none that rtml knows.

    Examples
    --------
    >>> audit_field("ka.verb", None).columns, audit_field("jevt.value", "/user/username").columns
    ((((), 'verb'),), (((), 'username'),))
    >>> audit_field("json.value", "/user/username").columns
    (((), 'username'),)
    >>> audit_field("ka.req.pod.containers.image", "0").columns
    (((), 'missing:ka.req.pod.containers.image[0]'),)
    """
    data = _data()
    name = (
        f"jevt.{name.removeprefix('json.')}" if name.startswith("json.") else name
    )  # two names of one field
    shown = name if argument is None else f"{name}[{argument}]"
    literals = tuple(data["literals"].get(name, ()))
    if shown in data["constants"]:
        return Field(shown, (), data["constants"][shown], literals)
    if name in (_PARAMETER, _MOUNT):
        return _with_argument(name, argument, literals)
    for group, guard in _GUARDS.items():
        if shown in data[group]:
            column = data[group][shown]
            return _field(shown, column, literals, when=guard, listed=column in LISTS)
    if name in _names():
        return Field(shown, (((), MISSING + shown),))
    raise UnknownName(f"field {shown!r} is unknown; {did_you_mean(name, _names())}")


def _names() -> list[str]:
    """Names of all fields, without arguments."""
    data = _data()
    tables = (*(data[group] for group in _GUARDS), data["constants"])
    named = [name.partition("[")[0] for table in tables for name in table]
    return list(dict.fromkeys([*named, *data["missing"].split()]))


def _with_argument(name: str, argument: str | None, literals: tuple[str, ...]) -> Field:
    if not argument or (name == _PARAMETER and "=" in argument):
        raise UnknownName(f"field {name!r} needs an argument, without '=': {name}[...]")
    shown = f"{name}[{argument}]"
    if name == _PARAMETER:
        return _field(shown, _data()["always"][name], literals, key=argument)
    how: Any = "starts" if argument.endswith("*") else "equals"
    mounted = Text("host_paths", how, (argument.removesuffix("*"),), cased=True)
    return Field(shown, (), "true", literals, when=(*_GUARDS["pod"], mounted))


def _field(shown: str, column: str, literals: tuple[str, ...], **more: Any) -> Field:
    """Build the field of a column; where the log says "", the audit table has nothing."""
    return Field(shown, (((), column),), None, literals, never=("",), **more)
