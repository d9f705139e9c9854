"""A seccomp profile that watches the powerful calls which a workload was never seen to make.

Sensors report a few system calls, never all of them, so no baseline knows which ones a program
needs. A profile that forbids what was not seen would stop every container. What is known can be said:
of the powerful calls that sensors do watch, these were never made here. They are logged, all else
is allowed; nothing is ever refused.

References
----------
https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp; the key ``comment`` is
Docker's (https://docs.docker.com/engine/security/seccomp/), other runtimes pass over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from rtml.features.calls import POWERFUL, REQUEST
from rtml.profiles.behaviour import Behaviour
from rtml.rules.falco.fields import system_calls

__all__ = ["seccomp"]

_ARCHITECTURES = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]


def seccomp(behaviour: Behaviour) -> str:
    """Write the profile as JSON.

    Powerful are the kinds of `rtml.features.calls.POWERFUL` that are system calls of their own
    (``mmap_exec`` is not: every program maps code). Calls that other workloads of the baseline make
    are surely watched by the sensor; those that nobody makes may be beyond it, and are an entry of
    their own.

    Raises
    ------
    MissingError
        The baseline has not counted calls.
    """
    behaviour.require(REQUEST.name)
    never = [kind for kind in POWERFUL if kind not in behaviour.kinds and system_calls(kind)]
    elsewhere = [kind for kind in never if kind in behaviour.kinds_elsewhere]
    nowhere = [kind for kind in never if kind not in behaviour.kinds_elsewhere]
    entries = [
        _logged(elsewhere, "Never seen in this workload, seen in others of the baseline."),
        _logged(nowhere, "Seen nowhere in the baseline: never made, or not watched by the sensor."),
    ]
    entries = [entry for entry in entries if entry["names"]]
    profile = {
        "comment": " ".join([*behaviour.about(), _HONEST]),
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": _ARCHITECTURES,
        "syscalls": entries,
    }
    return json.dumps(profile, indent=2) + "\n"


_HONEST = (
    "The sensor watches a few calls only, so this profile forbids nothing: powerful calls that were never"
    " seen are logged (SCMP_ACT_LOG), all others are allowed."
)


def _logged(kinds: Iterable[str], comment: str) -> dict[str, object]:
    names = sorted({name for kind in kinds for name in system_calls(kind)})
    return {"names": names, "action": "SCMP_ACT_LOG", "comment": comment}
