"""A Kubescape ApplicationProfile, to be bound to pods by the user.

Programs, files and the watched system calls are those that the baseline counts. Not counted are
arguments, HTTP endpoints and capabilities: their lists are empty, and the profile says so. Without
arguments an entry lets a program run with any.

References
----------
https://kubescape.io/docs/operator/runtime-threat-detection/; types in
https://github.com/kubescape/storage (``pkg/apis/softwarecomposition/v1beta1``); a pod takes the profile by
the label ``kubescape.io/user-defined-profile``.
"""

from __future__ import annotations

import re

from rtml.features.binaries import PROGRAMS
from rtml.features.lineage import CHILD
from rtml.profiles.behaviour import Behaviour
from rtml.profiles.folded import is_folded, is_path, kubescape_path
from rtml.profiles.naming import dns_label
from rtml.profiles.written import left_out, yaml_text
from rtml.rules.falco.fields import system_calls

__all__ = ["kubescape"]

_CALL = re.compile(r"[a-z][a-z0-9_]*")
_FLAGS = (("read", "O_RDONLY"), ("write", "O_WRONLY"))
_SCOPE = (
    "Counted: programs without arguments, files by class, a few system calls. Not counted and left empty:"
    " capabilities, HTTP endpoints. Rules about arguments, capabilities, endpoints and other system calls"
    " (R0003, R0004 ...) should not be bound to it."
)


def kubescape(behaviour: Behaviour) -> str:
    """Write the profile as YAML.

    Wildcards: `rtml.profiles.folded.kubescape_path`. A program whose own name varies (``/opt/*``,
    ``/usr/bin/python3.#``) is left out and named: the narrowest entry would let any program of its
    folder run.

    Raises
    ------
    MissingError
        The baseline has not counted programs.
    """
    behaviour.require(PROGRAMS.name, CHILD.name)
    name = dns_label(behaviour.workload)
    execs, unnamed = _execs(behaviour)
    opens, strange = _opens(behaviour)
    container = {
        "name": name,
        "capabilities": [],
        "execs": [{"path": path} for path in execs],
        "opens": [{"path": path, "flags": flags} for path, flags in opens.items()],
        "syscalls": _syscalls(behaviour),
        "endpoints": [],
    }
    annotations = {
        "kubescape.io/status": "completed",
        "kubescape.io/completion": "complete",
        "rtml/workload": behaviour.workload,
        "rtml/learnt": " ".join(behaviour.about()),
        "rtml/scope": _SCOPE,
    }
    document = {
        "apiVersion": "spdx.softwarecomposition.kubescape.io/v1beta1",
        "kind": "ApplicationProfile",
        "metadata": {"name": name, "annotations": annotations, "labels": {"kubescape.io/managed-by": "User"}},
        "spec": {"architectures": [], "containers": [container]},
    }
    return yaml_text(document, [*behaviour.about(), *_use(name), *unnamed, *strange])


def _use(name: str) -> list[str]:
    return [
        "Wildcards: \\u22ef is one part of a path, a last * all below. Name the container as in the pod,",
        "apply it in the pod's namespace, and give the pod the label",
        f"kubescape.io/user-defined-profile: {name}",
    ]


def _execs(behaviour: Behaviour) -> tuple[list[str], list[str]]:
    """Return paths of programs, and the comment on those that cannot be named."""
    paths = {key: kubescape_path(key) for key in behaviour.programs if is_path(key) and _is_named(key)}
    rest = [key for key in behaviour.programs if paths.get(key) is None]
    return sorted(filter(None, paths.values())), left_out("programs whose name varies or is unknown", rest)


def _is_named(key: str) -> bool:
    return not is_folded(key.rpartition("/")[2])


def _opens(behaviour: Behaviour) -> tuple[dict[str, list[str]], list[str]]:
    """Return paths with their flags, and the comment on what is no path."""
    done: dict[str, set[str]] = {}
    rest = []
    for key, verbs in behaviour.files.items():
        flags = {flag for verb, flag in _FLAGS if verb in verbs}
        if not flags:
            continue  # removed, renamed: that opens nothing
        path = kubescape_path(key) if is_path(key) else None
        if path is None:
            rest.append(key)
        else:
            done.setdefault(path, set()).update(flags)
    return {path: sorted(done[path]) for path in sorted(done)}, left_out("files without a full path", rest)


def _syscalls(behaviour: Behaviour) -> list[str]:
    calls = {call for kind in behaviour.kinds for call in system_calls(kind)}
    return sorted(calls | set(filter(_CALL.fullmatch, behaviour.requests)))
