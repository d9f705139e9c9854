"""What a correlation is: a rule over several events instead of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rtml.captures.store import Capture
from rtml.reading.packaged import packaged_yaml
from rtml.rules.language.conditions import All
from rtml.rules.language.contract import Rule

__all__ = ["Correlation", "Step", "correlation", "document_of"]


@dataclass(frozen=True)
class Step:
    """One thing that must have been seen: events of any of these kinds, with all these columns."""

    kinds: tuple[str, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Correlation(Rule):
    """A rule whose hits are found by joins over a capture.

    Everything that takes rules takes correlations: levels, tuning, suppression, the account.

    Parameters
    ----------
    steps
        What the capture must hold for the correlation to be able to match; each step on its own.
    find
        From a capture to the events that complete the sequence: the columns of
        `rtml.rules.account.HITS` but ``rule`` and ``root_id``, and perhaps ``entry``: what it was
        (which writer, which peer), shown with the finding. Lazy; an event may come twice.
    """

    steps: tuple[Step, ...]
    find: Callable[[Capture], pl.LazyFrame] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the file that holds it and, with ``.yml``, its facts and examples."""
        return self.id.removeprefix("correlation:")


def correlation(
    name: str, *, steps: tuple[Step, ...], find: Callable[[Capture], pl.LazyFrame]
) -> Correlation:
    """Return a correlation of ours; its description is the documentation of ``find``.

    Title, level, finding type and techniques are data, in ``NAME.yml`` beside its examples.

    Examples
    --------
    >>> scan = correlation("port_scan", steps=(Step(("connect",)),), find=lambda capture: None)
    >>> scan.id, scan.kinds, scan.label
    ('correlation:port_scan', ('connect',), 'Port scan or host sweep (rule by rtml contributors)')
    """
    facts = document_of(name)
    return Correlation(
        id=f"correlation:{name}",
        title=facts["title"],
        level=facts["level"],
        finding_type=facts["finding_type"],
        techniques=tuple(facts["techniques"]),
        tags=(),
        authors="rtml contributors",
        licence="Apache-2.0",
        source=f"rtml/rules/correlations/{name}.py",
        kinds=tuple(dict.fromkeys(kind for step in steps for kind in step.kinds)),
        where="",
        condition=All(()),
        description=" ".join((find.__doc__ or "").split()),
        steps=steps,
        find=find,
    )


def document_of(name: str) -> dict[str, Any]:
    """Read the file beside a correlation: what it stands for, and stories that it must match or ignore.

    Examples
    --------
    >>> sorted(document_of("port_scan"))
    ['finding_type', 'ignore', 'level', 'match', 'techniques', 'title']
    """
    return packaged_yaml("rtml.rules.correlations", f"{name}.yml", dict)
