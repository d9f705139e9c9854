"""What the rules of our packs stand for, read from their files alone: nothing is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from rtml.reading.packaged import packaged_documents

__all__ = ["RuleFacts", "pack_facts"]

_RULES = files("rtml.rules")


class RuleFacts(NamedTuple):
    """A rule's id, title and finding type; the type is empty where its file names none."""

    id: str
    title: str
    finding_type: str


def pack_facts(packs: Iterable[str]) -> list[RuleFacts]:
    """Read the facts of our packs; correlations come with the pack ``container``.

    Parameters
    ----------
    packs
        Names of `rtml.rules.sigma.loading.PACKS`; none give no facts.

    Examples
    --------
    >>> [rule.title for rule in pack_facts(["container"]) if rule.id == "correlation:port_scan"]
    ['Port scan or host sweep']
    """
    names = tuple(packs)
    facts = [
        RuleFacts(str(rule["id"]), rule["title"], rule.get("finding_type", ""))
        for name in names
        for _, rule in _documents(_RULES.joinpath("packs", name))
    ]
    if "container" in names:
        facts += [
            RuleFacts(f"correlation:{stem}", rule["title"], rule["finding_type"])
            for stem, rule in _documents(_RULES.joinpath("correlations"))
        ]
    return facts


def _documents(folder: Traversable) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the stem of each YAML file of a folder and each document in it."""
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        stem, _, ending = file.name.rpartition(".")
        if ending == "yml":
            yield from ((stem, document) for document in packaged_documents(file))
