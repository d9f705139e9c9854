"""The formats that the behaviour of a workload can be written in: one file and one line each."""

from __future__ import annotations

from collections.abc import Callable

from rtml.profiles.behaviour import Behaviour
from rtml.profiles.falco import falco
from rtml.profiles.kubearmor import kubearmor
from rtml.profiles.kubescape import kubescape
from rtml.profiles.seccomp import seccomp

__all__ = ["FORMATS"]

FORMATS: dict[str, Callable[[Behaviour], str]] = {
    "kubescape": kubescape,
    "kubearmor": kubearmor,
    "seccomp": seccomp,
    "falco": falco,
}
"""Name to the function that writes the whole file."""
