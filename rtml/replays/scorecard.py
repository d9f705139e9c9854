"""How far other people's catalogues are recorded, seen by the sensor, and found: one row a catalogue.

The chain is honest from its first link: of what others chose, what can be done here, what of it is in the
recording, what of that the sensor saw (the expected events are in the capture), and what of it rules and
models found, each side at the rate of false findings that it really had.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import polars as pl

from rtml.captures import Capture
from rtml.replays.contract import Attack
from rtml.replays.coverage import Coverage
from rtml.replays.parts import attack_of
from rtml.replays.quality import missing_events

__all__ = ["Found", "Judged", "Row", "scorecard", "seen_attacks"]

Wanted = Mapping[str, Collection[str]]
"""By id (of a catalogue, or of an attack) the attacks that stand for it."""


class Judged(Protocol):
    """What a finished run says of its sides and of the attacks that they found."""

    @property
    def summary(self) -> pl.DataFrame:
        """One row a side: ``side, kind, false, days``."""

    @property
    def attacks(self) -> pl.DataFrame:
        """One row an attack and side: ``attack_id, side, found``."""


@dataclass(frozen=True)
class Found:
    """What one side found: ``found`` ids of those recorded, ``rate`` false findings per container-day."""

    side: str
    kind: str
    found: int
    rate: float | None


@dataclass(frozen=True)
class Row:
    """A catalogue, or a grade of the lab's own attacks (then nobody else chose them).

    ``seen`` is null where no capture was given, ``recorded`` where neither labels nor a run were; ``judged``
    are those of the run: what lies before its test was not asked.
    """

    name: str
    chosen: int | None
    here: int
    recorded: int | None = None
    seen: int | None = None
    judged: int | None = None
    found: list[Found] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Return the row for a JSON document."""
        return asdict(self)


def scorecard(
    catalogues: Collection[Coverage],
    attacks: Mapping[str, Attack],
    *,
    recorded: Collection[str] | None = None,
    seen: Collection[str] | None = None,
    run: Judged | None = None,
) -> list[Row]:
    """Count, per catalogue and per grade, how far it got.

    Parameters
    ----------
    catalogues, attacks
        See `rtml.replays.coverage.coverage`.
    recorded
        Ids of the attacks in a recording (parts as ``id~1``); null: those of ``run``.
    seen
        Ids of the attacks whose expected events the capture holds, see `seen_attacks`.
    run
        A finished run. An attack counts as found when any part of it is.

    Returns
    -------
    A row for each catalogue, then one for each grade that has attacks. An id counts as recorded, seen or
    found when one of the attacks that stand for it is.

    Examples
    --------
    >>> from rtml.replays.catalogue import catalogue
    >>> from rtml.replays.coverage import coverage
    >>> known = catalogue()
    >>> rows = scorecard(coverage(known), known, recorded=["anti-debugging"], seen=[])
    >>> [(row.name, row.chosen, row.recorded, row.seen) for row in rows][:2]
    [('atomic', 428, 0, 0), ('falco', 66, 1, 0)]
    """
    asked = None if run is None else run.attacks["attack_id"].unique().to_list()
    recorded = asked if recorded is None else recorded
    judged = None if asked is None else {attack_of(name) for name in asked}
    there = None if recorded is None else {attack_of(name) for name in recorded}
    sides = _sides(run) if run else {}
    rows = []
    for name, chosen, wanted in _groups(catalogues, attacks):
        within = wanted if there is None else {i: set(a) & there for i, a in wanted.items()}
        rows.append(
            Row(
                name,
                chosen,
                len(wanted),
                None if there is None else _count(within, there),
                None if seen is None else _count(within, set(seen)),
                None if judged is None else _count(within, judged),
                [Found(*side, _count(within, caught), rate) for side, (caught, rate) in sides.items()],
            )
        )
    return rows


def _groups(
    catalogues: Collection[Coverage], attacks: Mapping[str, Attack]
) -> list[tuple[str, int | None, Wanted]]:
    groups: list[tuple[str, int | None, Wanted]] = [
        (each.name, len(each.covered) + len(each.reasons), each.covered) for each in catalogues
    ]
    for grade in sorted({attack.grade for attack in attacks.values() if attack.grade is not None}):
        groups.append((f"grade {grade}", None, {n: [n] for n, a in attacks.items() if a.grade == grade}))
    return groups


def _count(wanted: Wanted, those: Collection[str]) -> int:
    return sum(not set(names).isdisjoint(those) for names in wanted.values())


def _sides(run: Judged) -> dict[tuple[str, str], tuple[set[str], float | None]]:
    """By side but the trivial: the attacks that it found, and its false findings per container-day."""
    proper = run.summary.filter(pl.col("kind").is_in(["rules", "model", "rival", "union"]))
    sides = {}
    for side, kind, false, days in proper.select("side", "kind", "false", "days").iter_rows():
        mine = run.attacks.filter((pl.col("side") == side) & pl.col("found"))
        rate = None if false is None or not days else false / days
        sides[side, kind] = ({attack_of(name) for name in mine["attack_id"]}, rate)
    return sides


def seen_attacks(capture: Capture, labels: pl.DataFrame, attacks: Mapping[str, Attack]) -> set[str]:
    """Return the attacks of ``labels`` all of whose expected events the capture holds.

    Labels of attacks that are none of ``attacks``, and spliced ones, are left out.
    """
    known = labels.filter(
        pl.col("attack_id").map_elements(attack_of, pl.String).is_in(list(attacks))
        & pl.col("provenance").ne_missing("spliced")
    )
    lacking = missing_events(capture, known, attacks)
    return {attack_of(name) for name in known["attack_id"]} - lacking.keys()
