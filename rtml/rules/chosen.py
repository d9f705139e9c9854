"""Which rules, lists and models of names are run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rtml.errors import lookup
from rtml.findings.levels import LEVELS

__all__ = ["GATES", "Chosen"]

GATES = ("none", "ours")
"""Which hits of gated finding types count: all, or those that pass our gate."""


@dataclass(frozen=True)
class Chosen:
    """What to run: our packs by name; files of Sigma, of Falco; threat lists (descriptions).

    ``reputation`` is the folder of a model of domain names; rules below ``level`` are left out.
    ``gate`` decides which hits of 14 finding types count: all (``none``), or those that pass our
    gate (``ours``, `rtml.rules.running.gate`). ``lists`` fills lists that rules name
    (`rtml.rules.sigma.placeholders`). The section ``rules`` of an experiment is one of these.

    Examples
    --------
    >>> Chosen(pack=None).packs, Chosen().packs, Chosen(pack=("container", "k8s-audit")).packs
    ((), ('container',), ('container', 'k8s-audit'))
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    pack: str | tuple[str, ...] | None = "container"
    sigma: tuple[Path, ...] = ()
    falco: tuple[Path, ...] = ()
    intel: tuple[Path, ...] = ()
    reputation: Path | None = None
    level: str = "informational"
    gate: str = "none"
    lists: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a level or a gate that does not exist."""
        lookup(LEVELS, self.level, "level")
        lookup({name: name for name in GATES}, self.gate, "gate")

    @property
    def packs(self) -> tuple[str, ...]:
        """Names of our packs; none, one or several."""
        return (self.pack,) if isinstance(self.pack, str) else self.pack or ()
