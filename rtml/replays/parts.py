"""Parts of attacks that are spread over replicas or over a sitting: each is done by itself.

A part's id is the attack's with ``~`` and its number, as trials of one recording have it: they count as
one attack everywhere (`rtml.evaluation.origins`).
"""

from __future__ import annotations

from rtml.evaluation.origins import TRIAL
from rtml.replays.contract import Attack

__all__ = ["attack_of", "names_of_parts", "part_of"]


def attack_of(name: str) -> str:
    """Return the id of the attack that a label, or an entry of the agenda, belongs to.

    Examples
    --------
    >>> attack_of("backup-takes-more~3"), attack_of("backup-takes-more~3~0007"), attack_of("dga-slow")
    ('backup-takes-more', 'backup-takes-more', 'dga-slow')
    """
    head, mark, number = name.rpartition(TRIAL)
    return attack_of(head) if mark and number.isdecimal() else name


def names_of_parts(attack: Attack) -> list[str]:
    """Return the ids of the parts of an attack; an attack in one go has one, its own."""
    if attack.parts == 1:
        return [attack.id]
    return [f"{attack.id}{TRIAL}{number + 1}" for number in range(attack.parts)]


def part_of(attack: Attack, name: str) -> Attack:
    """Return the attack cut down to the part of that name; the whole where it has no parts."""
    if attack.parts == 1 or name == attack.id:
        return attack
    step = attack.steps[int(name.rpartition(TRIAL)[2]) - 1]
    return attack.model_copy(update={"steps": [step], "replicas": 1, "spread": "once"})
