"""A KubeArmorPolicy that allows what a workload was seen to do: programs, files, protocols.

With ``action: Allow`` KubeArmor treats all else as the default posture of the namespace says: begin
with ``audit``. Single paths and folders work with every enforcer; patterns, which are written where a
folder itself has a varying part, with AppArmor alone.

References
----------
https://docs.kubearmor.io/kubearmor/documentation/security_policy_specification; the schema is
``deployments/CRD/KubeArmorPolicy.yaml`` in https://github.com/kubearmor/KubeArmor.
"""

from __future__ import annotations

from typing import Any

from rtml.features.binaries import PROGRAMS
from rtml.features.lineage import CHILD
from rtml.profiles.behaviour import Behaviour
from rtml.profiles.folded import APPARMOR, class_folder, glob, is_folded, is_path
from rtml.profiles.naming import dns_label
from rtml.profiles.written import left_out, yaml_text

__all__ = ["kubearmor"]

_PROTOCOLS = {"tcp", "udp", "icmp", "raw"}


def kubearmor(behaviour: Behaviour) -> str:
    """Write the policy as YAML.

    Raises
    ------
    MissingError
        The baseline has not counted programs.
    """
    behaviour.require(PROGRAMS.name, CHILD.name)
    name = dns_label(behaviour.workload)
    paths = {key: verbs for key, verbs in behaviour.files.items() if _writable(key)}
    programs = [key for key in behaviour.programs if _writable(key)]
    spec: dict[str, Any] = {
        "severity": 5,
        "message": "not in the learnt baseline",
        "selector": {"matchLabels": {"app": name}},
        "process": _process(programs),
        "file": _file(paths),
    }
    protocols = _protocols(behaviour)
    if protocols:
        spec["network"] = {"matchProtocols": [{"protocol": one} for one in protocols]}
    document = {
        "apiVersion": "security.kubearmor.com/v1",
        "kind": "KubeArmorPolicy",
        "metadata": {
            "name": f"rtml-{name}",
            "annotations": {"rtml/workload": behaviour.workload, "rtml/learnt": " ".join(behaviour.about())},
        },
        "spec": {**spec, "action": "Allow"},
    }
    rest = left_out("programs without a full path", set(behaviour.programs) - set(programs))
    rest += left_out("files without a full path", set(behaviour.files) - set(paths))
    return yaml_text(document, [*behaviour.about(), *_USE, *rest])


_USE = [
    "Set the selector to labels of the pods. What is not allowed here is treated as the posture of the",
    "namespace says; begin with: kubectl annotate ns NAME kubearmor-file-posture=audit",
    "kubearmor-network-posture=audit. Folders stand for classes of files and are wider than these; patterns",
    "are enforced by AppArmor alone. Protocols are those of connections and listening sockets; where the",
    "sensor names none, TCP and UDP.",
]


def _writable(key: str) -> bool:
    """Whether a key is a path that the policy's schema takes: absolute, more than ``/``."""
    return is_path(key) and key.rstrip("/") != ""


def _is_plain(key: str) -> bool:
    """Whether a path may stand as it is: nothing folded, and nothing that AppArmor would read."""
    return not is_folded(key) and not APPARMOR.unsafe.search(key)


def _process(programs: list[str]) -> dict[str, Any]:
    exact = sorted(key.rstrip("/") for key in programs if _is_plain(key))
    patterns = sorted({glob(key, APPARMOR, program=True) for key in programs if not _is_plain(key)})
    rules = {
        "matchPaths": [{"path": path} for path in exact],
        "matchPatterns": [{"pattern": pattern} for pattern in patterns],
    }
    return {kind: entries for kind, entries in rules.items() if entries}


def _file(paths: dict[str, frozenset[str]]) -> dict[str, Any]:
    """Sort classes of files into paths, folders and patterns; what was only read is read-only."""
    exact: dict[str, bool] = {}
    folders: dict[tuple[str, bool], bool] = {}
    patterns: dict[str, bool] = {}
    for key, verbs in sorted(paths.items()):
        place = class_folder(key)
        reads = verbs == {"read"}
        if key.endswith("/"):
            place = key.rstrip("/"), False
        if place is None and _is_plain(key):
            exact[key] = exact.get(key, True) and reads
        elif place is not None and _is_plain(place[0]):
            folders[place] = folders.get(place, True) and reads
        else:
            pattern = glob(key, APPARMOR)
            patterns[pattern] = patterns.get(pattern, True) and reads
    rules = {
        "matchPaths": [_entry("path", path, reads) for path, reads in sorted(exact.items())],
        "matchDirectories": [
            {**_entry("dir", f"{folder}/", reads), **({"recursive": True} if deep else {})}
            for (folder, deep), reads in sorted(folders.items())
        ],
        "matchPatterns": [_entry("pattern", pattern, reads) for pattern, reads in sorted(patterns.items())],
    }
    return {kind: entries for kind, entries in rules.items() if entries}


def _entry(what: str, value: str, reads: bool) -> dict[str, Any]:
    return {what: value, "readOnly": True} if reads else {what: value}


def _protocols(behaviour: Behaviour) -> list[str]:
    """Return the protocols to allow; a socket or a connection of unknown protocol is either."""
    named = {one.lower() for one in behaviour.protocols} & _PROTOCOLS
    unknown = set(map(str.lower, behaviour.protocols)) - _PROTOCOLS
    if unknown or behaviour.kinds & {"bind", "dns"}:
        named |= {"tcp", "udp"}
    return sorted(named | ({"tcp"} if "listen" in behaviour.kinds else set()))
