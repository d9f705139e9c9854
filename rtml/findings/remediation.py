"""What to do about a finding: what to check, how to contain it, how to silence it. By its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from rtml.findings.rule_types import PURPOSES
from rtml.reading.packaged import packaged_yaml

__all__ = ["GENERAL", "Advice", "advice", "advised"]


@dataclass(frozen=True)
class Advice:
    """Three sentences for whoever has to deal with a finding."""

    check: str
    contain: str
    silence: str

    def __str__(self) -> str:
        """Say all three in a line."""
        return f"Check: {self.check} Contain: {self.contain} Silence: {self.silence}"


GENERAL = Advice(
    "Who started the program, under which parent, and what did it reach? Was there a release?",
    "If nobody knows it, isolate the container, keep its files and memory, and rotate what it could read.",
    "Suppress it by type, program and workload, with a reason and an end.",
)
"""For a type of somebody else's that ``remediation.yml`` does not know."""


@cache
def advised() -> Mapping[str, Advice]:
    """Return the advice of every finding type that rtml can report, in the order of the file.

    Examples
    --------
    >>> "Execution:Runtime/ReverseShell" in advised(), "Impact:Runtime/SigmaRule" in advised()
    (True, True)
    """
    return MappingProxyType(dict(_lines(packaged_yaml("rtml.findings", "remediation.yml", list))))


def _lines(entries: list[dict[str, str]]) -> Iterator[tuple[str, Advice]]:
    purposes = dict.fromkeys([*PURPOSES.values(), "Behavior"])
    for entry in entries:
        words = Advice(entry["check"], entry["contain"], entry["silence"])
        for kind in entry["types"]:
            purpose, _, name = kind.partition(":")
            for chosen in purposes if purpose == "*" else (purpose,):
                yield f"{chosen}:{name}", words


def advice(kind: str | None) -> Advice:
    """Return what to do about a finding of a type; `GENERAL` where the type is nobody's we know.

    Examples
    --------
    >>> advice("Impact:Runtime/CryptoMinerExecuted").silence
    'Suppress it for the one workload that mines on purpose.'
    >>> advice("Else:Runtime/What") == GENERAL
    True
    """
    return advised().get(kind or "", GENERAL)
