"""Which actions and tests of other people's catalogues the lab replays, and why not the others.

An attack names what it stands for (``catalogue``); what cannot be done harmlessly in a container of the
lab stands in ``catalogues/*.yml`` with its reason. Together they are the whole catalogue, each id once.
Ids are facts: the name of an action, or technique and number of a test. No text or code is taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from rtml.errors import UsageError
from rtml.replays.contract import Attack
from rtml.replays.reading import HERE, read_model

__all__ = ["Coverage", "coverage"]


class Reason(BaseModel):
    """Why some actions are not replayed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    why: str = Field(min_length=10)
    ids: list[str] = Field(min_length=1)


class Foreign(BaseModel):
    """One catalogue of others: where it is from, and what of it is not replayed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    what: str
    source: str
    reasons: list[Reason]


@dataclass(frozen=True)
class Coverage:
    """A catalogue: ``covered`` (id to the attacks that stand for it), ``reasons`` (id to why not)."""

    name: str
    what: str
    covered: dict[str, list[str]]
    reasons: dict[str, str]


def coverage(attacks: Mapping[str, Attack], folder: Path = HERE / "catalogues") -> list[Coverage]:
    """Lay attacks beside the catalogues of ``folder``.

    Returns
    -------
    One `Coverage` for each catalogue, in the order of their names.

    Raises
    ------
    UsageError
        An attack names an id of no catalogue, or one that a catalogue says is not replayed; or a
        catalogue gives two reasons for one id.

    Examples
    --------
    >>> from rtml.replays.catalogue import catalogue
    >>> {each.name: len(each.covered) + len(each.reasons) for each in coverage(catalogue())}
    {'atomic': 428, 'falco': 66}
    """
    foreign = [read_model(path, Foreign) for path in sorted(folder.glob("*.yml"))]
    known = {each.name for each in foreign}
    for attack in attacks.values():
        for name in attack.catalogue:
            if name.partition(":")[0] not in known:
                raise UsageError(
                    f"attack {attack.id!r}: {name!r} is of no catalogue; known: {', '.join(sorted(known))}"
                )
    return [_laid_beside(each, attacks, folder) for each in foreign]


def _laid_beside(foreign: Foreign, attacks: Mapping[str, Attack], folder: Path) -> Coverage:
    where = folder / f"{foreign.name}.yml"
    reasons: dict[str, str] = {}
    for reason in foreign.reasons:
        for name in reason.ids:
            if name in reasons:
                raise UsageError(f"{where}: {name!r} has two reasons")
            reasons[name] = reason.why
    covered: dict[str, list[str]] = {}
    for attack in attacks.values():
        for name in attack.catalogue:
            if name.startswith(f"{foreign.name}:"):
                covered.setdefault(name, []).append(attack.id)
    if both := sorted(covered.keys() & reasons.keys()):
        raise UsageError(f"{where}: {both[0]!r} is replayed by {covered[both[0]][0]!r}; leave out its reason")
    return Coverage(foreign.name, foreign.what, dict(sorted(covered.items())), reasons)
