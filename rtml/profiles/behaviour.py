"""What one workload does, read back from the counts: the input of every export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from rtml.baselines import Baseline
from rtml.baselines.counting import POPULATION
from rtml.baselines.groups import of_groups
from rtml.errors import MissingError
from rtml.features.binaries import PROGRAMS
from rtml.features.calls import REQUEST
from rtml.features.destinations import ADDRESS, DOMAIN, PORT
from rtml.features.files import READ, WRITE
from rtml.features.lineage import CHILD
from rtml.profiles.settled import with_drawn

__all__ = ["Behaviour", "behaviour_of"]

_REFUSED = "refused "
_CONNECTIONS = (ADDRESS, PORT)


@dataclass(frozen=True)
class Behaviour:
    """What a peer group was seen to do.

    Parameters
    ----------
    workload
        Name of the group; ``named_by`` says what it is the name of: ``workload``, ``repository``,
        ``image`` or ``container``.
    containers, events
        How many were learnt from.
    programs
        Keys of the programs started: folded paths, or ``[comm]`` where no path was known.
    files
        Paths, and places that draw names, to what was done there: ``read``, ``write``, ``rename``,
        ``unlink`` …. What was refused is not in it.
    kinds
        Event kinds that this group showed, as far as the families count them.
    kinds_elsewhere
        Those that any other group of the baseline showed: the sensor sees them.
    requests
        Names of system calls that a sensor reports by name (kind ``syscall``).
    protocols
        Of its connections: ``tcp``, ``udp`` …, ``ip`` where the sensor names none.
    unseen
        Family to the upper end of P(next event unseen), 0 to 1.
    counted
        Families that the baseline as a whole has counts of.
    """

    workload: str
    named_by: str
    containers: int
    events: int
    programs: tuple[str, ...]
    files: Mapping[str, frozenset[str]]
    kinds: frozenset[str]
    kinds_elsewhere: frozenset[str]
    requests: tuple[str, ...]
    protocols: tuple[str, ...]
    unseen: Mapping[str, float]
    counted: frozenset[str]

    def require(self, *families: str) -> None:
        """Raise a `MissingError` where the baseline has counted none of these families."""
        if not self.counted & set(families):
            raise MissingError(f"{self.workload}: the baseline counts no {' and no '.join(families)}")

    def about(self) -> list[str]:
        """Return lines that say what was learnt from, and how settled it is."""
        told = ", ".join(f"{family} up to {high:.1%}" for family, high in sorted(self.unseen.items()))
        return [
            f"Learnt by rtml from {self.workload} ({self.events:,} events, containers: {self.containers:,}).",
            f"Chance that the next event is one never seen (95 % upper end): {told or 'unknown'}.",
        ]


def behaviour_of(baseline: Baseline, workload: str) -> Behaviour:
    """Read the behaviour of one peer group out of a baseline.

    Raises
    ------
    UnknownNameError
        The baseline has no such group.
    """
    (baseline,) = with_drawn(baseline)
    part = of_groups(baseline, [workload])
    requests = _keys(part, REQUEST.name)
    population = part.population()
    unseen = part.maturity().select("family", "high").iter_rows()
    return Behaviour(
        workload=workload,
        named_by=_named_by(part.counts, workload),
        containers=population["container"].n_unique(),
        events=int(population["count"].sum()),
        programs=tuple(sorted({*_keys(part, PROGRAMS.name), *_keys(part, CHILD.name)})),
        files=_files(_keys(part, READ.name), _keys(part, WRITE.name)),
        kinds=_kinds(part),
        kinds_elsewhere=_kinds(Baseline(baseline.counts.join(part.counts, on="container", how="anti"))),
        requests=tuple(sorted({_second(key) for key in requests if _first(key) == "syscall"} - {""})),
        protocols=tuple(sorted({key.rpartition(" ")[2] for key in _keys(part, PORT.name)})),
        unseen=dict(unseen),
        counted=frozenset(baseline.counts["family"].unique()) - {POPULATION},
    )


def _keys(baseline: Baseline, family: str) -> list[str]:
    return baseline.of(family)["key"].unique().sort().to_list()


def _named_by(counts: pl.DataFrame, name: str) -> str:
    """Say which of its columns a peer group has its name from, in the order of `rtml.peers`."""
    columns = ("workload", "repository", "image")
    return next((column for column in columns if (counts[column] == name).any()), "container")


def _files(*keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """Turn ``verb path`` into verbs per path; what was refused is left out."""
    verbs: dict[str, set[str]] = {}
    for key in sorted({key for part in keys for key in part if not key.startswith(_REFUSED)}):
        verb, _, path = key.partition(" ")
        verbs.setdefault(path, set()).add(verb)
    return {path: frozenset(done) for path, done in verbs.items()}


def _kinds(baseline: Baseline) -> frozenset[str]:
    """Return the kinds of event that the counts are evidence of."""
    kinds = {_first(key) for key in _keys(baseline, REQUEST.name)}
    kinds |= {"exec"} if baseline.of(PROGRAMS.name).height or baseline.of(CHILD.name).height else set()
    kinds |= {"open"} if baseline.of(READ.name).height else set()
    kinds |= {key.removeprefix(_REFUSED).partition(" ")[0] for key in _keys(baseline, WRITE.name)}
    kinds |= {"connect"} if any(baseline.of(one.name).height for one in _CONNECTIONS) else set()
    kinds |= {"dns"} if baseline.of(DOMAIN.name).height else set()
    return frozenset(kinds)


def _first(key: str) -> str:
    return key.partition(" ")[0]


def _second(key: str) -> str:
    return key.split(" ")[1] if " " in key else ""
