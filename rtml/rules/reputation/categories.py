"""The four kinds of low reputation, and the finding type of each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CATEGORIES", "Kind"]


@dataclass(frozen=True)
class Kind:
    """Finding type, level and ATT&CK techniques of names with one kind of low reputation."""

    finding_type: str
    level: str
    techniques: tuple[str, ...]


CATEGORIES: dict[str, Kind] = {
    "abused": Kind("Impact:Runtime/AbusedDomainRequest.Reputation", "medium", ("T1568", "T1071.004")),
    "bitcoin": Kind("Impact:Runtime/BitcoinDomainRequest.Reputation", "high", ("T1496.001",)),
    "malicious": Kind("Impact:Runtime/MaliciousDomainRequest.Reputation", "high", ("T1071.004", "T1568.002")),
    "suspicious": Kind("Impact:Runtime/SuspiciousDomainRequest.Reputation", "low", ("T1071.004",)),
}
"""By the name that training files are given under."""
