"""The finding type of a rule that names none: from its ATT&CK tactic."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["PURPOSES", "finding_type_of"]

PURPOSES: dict[str, str] = {
    "reconnaissance": "Recon",
    "resource-development": "Behavior",
    "initial-access": "InitialAccess",
    "execution": "Execution",
    "persistence": "Persistence",
    "privilege-escalation": "PrivilegeEscalation",
    "defense-evasion": "DefenseEvasion",
    "stealth": "DefenseEvasion",
    "defense-impairment": "DefenseEvasion",
    "credential-access": "CredentialAccess",
    "discovery": "Discovery",
    "lateral-movement": "UnauthorizedAccess",
    "collection": "Exfiltration",
    "command-and-control": "Backdoor",
    "exfiltration": "Exfiltration",
    "impact": "Impact",
}
"""Threat purpose by tactic; ATT&CK v19 split defense-evasion into the two after it."""


def finding_type_of(tags: Iterable[str], name: str = "SigmaRule") -> str:
    """Return ``<Purpose>:Runtime/<name>`` by the first tactic among the tags.

    Our own namespace: a foreign rule is not said to be one of GuardDuty's finding types.

    Examples
    --------
    >>> finding_type_of(["attack.t1053.003", "attack.persistence"]), finding_type_of([])
    ('Persistence:Runtime/SigmaRule', 'Behavior:Runtime/SigmaRule')
    """
    tactics = (tag.removeprefix("attack.").replace("_", "-") for tag in tags)
    purpose = next((PURPOSES[tactic] for tactic in tactics if tactic in PURPOSES), "Behavior")
    return f"{purpose}:Runtime/{name}"
