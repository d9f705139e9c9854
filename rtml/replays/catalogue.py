"""The catalogue of attacks: read, checked for what a schema cannot say, and chosen from."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from rtml.errors import UnknownNameError, UsageError, did_you_mean
from rtml.replays.contract import Attack
from rtml.replays.families import FAMILIES
from rtml.replays.reading import HERE, load_attacks
from rtml.replays.safety import dangers
from rtml.replays.scenario import Scenario

__all__ = ["HELD_OUT", "PARTS", "addressed", "catalogue", "poisoned", "problems", "select"]

PARTS = ("calibrate", "test")
"""Parts of an experiment that hold attacks; training is benign."""

HELD_OUT = frozenset(
    """
    T1003.007 T1005 T1014 T1020 T1027.001 T1029 T1030 T1036.003 T1037.004 T1048.003 T1055.009 T1059.006
    T1068 T1070.004 T1070.006 T1070.008 T1090 T1090.001 T1095 T1098.004 T1110 T1110.001 T1119 T1132.001
    T1136.001 T1140 T1190 T1195.002 T1202 T1213 T1213.006 T1485 T1491.002 T1528 T1546.005 T1546.016
    T1553.004 T1554 T1556.003 T1564.001 T1567.004 T1571 T1574.006 T1610 T1613 T1622 T1652
    """.split()
)
"""Techniques that only the test part may hold: no choice can have been made by looking at them."""

_PLACE = re.compile(r"\{([a-z][a-z0-9-]*)\}")


def catalogue(folder: Path = HERE / "attacks") -> dict[str, Attack]:
    """Read every attack of ``folder``, by id.

    Raises
    ------
    UsageError
        A file does not fit the contract, is of an unknown family, or says what is forbidden.

    Examples
    --------
    >>> len(catalogue()) >= 48
    True
    """
    attacks = load_attacks(folder)
    for name, attack in attacks.items():
        if faults := problems(attack):
            raise UsageError(f"{folder / name}.yml: {'; '.join(faults)}")
    return attacks


def problems(attack: Attack) -> list[str]:
    """Say what is wrong with an attack beyond its form; empty when nothing is."""
    faults = [danger for text in _texts(attack) for danger in dangers(text)]
    if attack.family not in FAMILIES:
        hint = did_you_mean(attack.family, FAMILIES)
        faults.append(f"unknown family {attack.family!r}; {hint}")
    if attack.entry != "exec" and attack.user is not None:
        faults.append(f"an attack that enters by {attack.entry} runs as the service's user; leave out `user`")
    return faults


def _texts(attack: Attack) -> list[str]:
    return [step.text for step in attack.steps if step.text] + [attack.cleanup or ""]


def poisoned(scenario: Scenario) -> list[str]:
    """Name the attacks that come in a scenario's roll-outs."""
    return list(dict.fromkeys(rollout.attack for rollout in scenario.rollouts if rollout.attack))


def addressed(attack: Attack) -> list[str]:
    """Workloads that must be up for an attack: its own, and those that its commands name.

    Examples
    --------
    >>> addressed(catalogue()["lateral-redis"])
    ['app', 'cache']
    """
    names = {name for text in _texts(attack) for name in _PLACE.findall(text)}
    if "place" in names:  # a job for the queue of the very replica: the queue is in the cache
        names = names - {"place"} | {"cache"}
    return sorted(names | {attack.workload})


def select(
    attacks: Mapping[str, Attack],
    *,
    technique: str | None = None,
    family: str | None = None,
    quiet: bool | None = None,
    part: str | None = None,
    workloads: Collection[str] | None = None,
) -> dict[str, Attack]:
    """Choose attacks; every condition that is given must hold.

    Parameters
    ----------
    technique
        ATT&CK id; a technique stands for its sub-techniques too (``T1059`` for ``T1059.004``).
    family
        Key of `FAMILIES`.
    quiet
        Only quiet ones, or only the others.
    part
        ``calibrate`` leaves out the techniques of `HELD_OUT`, ``test`` holds all.
    workloads
        Names of those that are up: attacks that need another one are left out.

    Returns
    -------
    The chosen ones, in the same order; possibly none.

    Raises
    ------
    UsageError
        No such family or part.

    Examples
    --------
    >>> list(select(catalogue(), technique="T1070", quiet=False))
    ['history-clearing', 'log-overwrite', 'log-wiping', 'mailbox']
    >>> select(catalogue(), part="tests")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown part 'tests'; did you mean 'test'?
    """
    for name, value, table in (("family", family, FAMILIES), ("part", part, PARTS)):
        if value is not None and value not in table:
            raise UnknownNameError(f"unknown {name} {value!r}; {did_you_mean(value, table)}")
    return {
        name: attack
        for name, attack in attacks.items()
        if (technique is None or f"{attack.technique}.".startswith(f"{technique}."))
        and (family is None or attack.family == family)
        and (quiet is None or attack.quiet == quiet)
        and (part != "calibrate" or attack.technique not in HELD_OUT)
        and (workloads is None or set(addressed(attack)) - {"infra"} <= set(workloads))
    }
