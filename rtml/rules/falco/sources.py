"""Sources of events that rules of Falco are written for, and run on here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rtml.rules.falco.audit_fields import audit_field
from rtml.rules.falco.fields import Field, field_of
from rtml.schema import KINDS

__all__ = ["SOURCES", "Source"]


@dataclass(frozen=True)
class Source:
    """What fields mean in events of a source, and which kinds of event are of it."""

    field: Callable[[str, str | None], Field]
    kinds: frozenset[str]


SOURCES: dict[str, Source] = {
    "syscall": Source(field_of, frozenset(KINDS) - {"audit"}),
    "k8s_audit": Source(audit_field, frozenset({"audit"})),
}
"""By the name that rules give in ``source``; system calls where they give none."""
