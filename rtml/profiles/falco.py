"""A Falco rule that fires on a program which a workload's baseline has not seen.

One file of a list (the programs), a macro (which containers) and the rule. Programs whose path has
varying parts are an exception of the rule, so that more can be appended to either.

References
----------
https://falco.org/docs/concepts/rules/exceptions/, https://falco.org/docs/concepts/rules/overriding/
"""

from __future__ import annotations

import re
from typing import Any

from rtml.errors import UsageError
from rtml.features.binaries import PROGRAMS
from rtml.features.lineage import CHILD
from rtml.profiles.behaviour import Behaviour
from rtml.profiles.folded import FALCO, glob, is_folded
from rtml.profiles.naming import dns_label, identifier
from rtml.profiles.written import yaml_text
from rtml.reading.escapes import original

__all__ = ["falco"]

_BARE = re.compile(r"/[A-Za-z0-9_/.:+@~-]*")
_ODD = re.compile(r"[\x00-\x1f\x7f]")


def falco(behaviour: Behaviour) -> str:
    """Write list, macro and rule as YAML.

    Raises
    ------
    MissingError
        The baseline has not counted programs.
    UsageError
        The group is a single container: a rule for it would be of no use tomorrow.
    """
    behaviour.require(PROGRAMS.name, CHILD.name)
    name = dns_label(behaviour.workload)
    lists = f"rtml_{identifier(behaviour.workload)}"
    names = [key[1:-1] for key in behaviour.programs if _is_comm(key)]
    paths = [key for key in behaviour.programs if not _is_comm(key)]
    exact = [_quoted(path) for path in paths if not _is_pattern(path)]
    patterns = [_quoted(glob(path, FALCO, program=True)) for path in paths if _is_pattern(path)]
    known = [_quoted(one, always=True) for one in names if not _ODD.search(one)]
    document = [
        {"list": f"{lists}_programs", "items": exact},
        {"list": f"{lists}_names", "items": known},
        {"macro": f"{lists}_container", "condition": _containers(behaviour)},
        _rule(name, lists, patterns),
    ]
    return yaml_text(document, [*behaviour.about(), *_use(name, lists, behaviour)])


def _rule(name: str, lists: str, patterns: list[str]) -> dict[str, Any]:
    exception: dict[str, Any] = {"name": "learnt_patterns", "fields": ["proc.exepath"], "comps": ["glob"]}
    if patterns:
        exception["values"] = [[pattern] for pattern in sorted(patterns)]
    return {
        "rule": f"Program not learnt ({name})",
        "desc": f"A program was started that the baseline of {name} has never seen.",
        "condition": f"evt.type in (execve, execveat) and {lists}_container"
        f" and not proc.exepath in ({lists}_programs)"
        f" and not (not proc.exepath exists and proc.name in ({lists}_names))",
        "output": "Program not in the learnt baseline (program=%proc.exepath parent=%proc.pname"
        " command=%proc.cmdline user=%user.name container=%container.name image=%container.image.repository)",
        "priority": "WARNING",
        "tags": ["container", "process", "mitre_execution", "rtml"],
        "exceptions": [exception],
    }


def _containers(behaviour: Behaviour) -> str:
    """Return the condition that an event is of the group; the macro is there to be made exact."""
    name = behaviour.workload
    match behaviour.named_by:
        case "workload":
            tests = [_named("k8s.deployment.name", name), _named("container.name", name)]
            return f"({' or '.join([*tests, _named('k8s.pod.name', f'{name}-', begins=True)])})"
        case "repository":
            return _named("container.image.repository", name)
        case "image":
            return _named("container.image.digest", name)
    raise UsageError(f"{name}: one container of no workload and no image; no rule can name it")


def _named(field: str, name: str, begins: bool = False) -> str:
    r"""Return the test that a field is a name, or begins so; what Falco cannot spell is any character.

    Examples
    --------
    >>> _named("container.name", "web"), _named("container.name", "w\x1bb-", begins=True)
    ('container.name = "web"', 'container.name glob "w?b-*"')
    """
    if _ODD.search(name):
        pattern = re.sub(r"[*?]", "?", FALCO.unsafe.sub("?", name)) + ("*" if begins else "")
        return f"{field} glob {_quoted(pattern, always=True)}"
    return f"{field} {'startswith' if begins else '='} {_quoted(name, always=True)}"


def _is_comm(key: str) -> bool:
    return key.startswith("[") and key.endswith("]")


def _is_pattern(path: str) -> bool:
    return is_folded(path) or bool(_ODD.search(path))


def _quoted(text: str, always: bool = False) -> str:
    r"""Return a value as Falco's conditions take it: in quotes unless it is a plain path.

    Lists are pasted into conditions, so a bare word could be a keyword or the name of a list.

    Examples
    --------
    >>> _quoted("/bin/sh"), _quoted('/tmp/a") or (b'), _quoted(r"\xff")
    ('/bin/sh', '"/tmp/a\\") or (b"', '"\\xff"')
    """
    if not always and _BARE.fullmatch(text):
        return text
    plain = original(text).decode("utf-8", "surrogateescape")
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(map(_spelled, escaped))}"'


def _spelled(character: str) -> str:
    """Spell a byte that is no UTF-8 as Falco does."""
    return f"\\x{ord(character) - 0xDC00:02x}" if "\udc80" <= character <= "\udcff" else character


_OF_WORKLOAD = [
    "Make the macro exact for your cluster: it takes the workload's name for that of a deployment, of a",
    "container, or for the beginning of a pod's name (web- also begins web-admin-...).",
]
_OF_IMAGE = [
    "Make the macro exact for your cluster: it takes every container of this image, whatever runs it."
]


def _use(name: str, lists: str, behaviour: Behaviour) -> list[str]:
    return [
        *(_OF_WORKLOAD if behaviour.named_by == "workload" else _OF_IMAGE),
        "A number in a learnt path became [0-9#]*, a random part *, and a name that is a digest eight",
        "hexadecimal digits and more. To let more pass, in a file that is read after this one:",
        f"  - list: {lists}_programs",
        "    items: [/usr/bin/new]",
        "    override: {items: append}",
        f"  - rule: Program not learnt ({name})",
        '    exceptions: [{name: learnt_patterns, values: [["/opt/*/bin/tool"]]}]',
        "    override: {exceptions: append}",
    ]
