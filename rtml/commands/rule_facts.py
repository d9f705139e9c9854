"""What our rules stand for, read from their files alone: nothing is compiled, nothing imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import yaml

from rtml.commands.names import REPUTATION

__all__ = ["RuleFacts", "pack_facts", "user_data"]

_RULES = files("rtml").joinpath("rules")
_NO_TYPE = {"level", "techniques", "caller"}


class RuleFacts(NamedTuple):
    """A rule's id, title and finding type; the type is null where its file names none."""

    id: str
    title: str
    finding_type: str | None


def pack_facts(packs: Iterable[str]) -> list[RuleFacts]:
    """Read the facts of our packs; correlations come with the pack ``container``.

    Parameters
    ----------
    packs
        Names of `rtml.rules.loading.PACKS`; none give no facts.

    Examples
    --------
    >>> [one.title for one in pack_facts(["container"]) if one.id == "correlation:port_scan"]
    ['Port scan or host sweep']
    """
    names = tuple(packs)
    found = [
        RuleFacts(str(rule["id"]), rule["title"], rule.get("finding_type"))
        for name in names
        for _, rule in _documents(_RULES.joinpath("packs", name))
    ]
    if "container" in names:
        found += [
            RuleFacts(f"correlation:{stem}", rule["title"], rule["finding_type"])
            for stem, rule in _documents(_RULES.joinpath("correlations"))
        ]
    return found


def user_data() -> Iterator[tuple[str, str]]:
    """Yield finding type and name of what works on data of the user's: lists, models of names.

    Examples
    --------
    >>> [kind for kind, name in user_data() if name == "list:tor"]
    ['UnauthorizedAccess:Runtime/TorClient', 'UnauthorizedAccess:Runtime/TorRelay']
    """
    lists = _RULES.joinpath("intelligence", "categories.yml").read_text("utf-8")
    for name, row in yaml.safe_load(lists).items():
        yield from ((kind, f"list:{name}") for use, kind in row.items() if use not in _NO_TYPE)
    for name in REPUTATION:
        yield f"Impact:Runtime/{name.capitalize()}DomainRequest.Reputation", f"reputation:{name}"


def _documents(folder: Traversable) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the stem of each YAML file of a folder and each document in it."""
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        stem, dot, ending = file.name.rpartition(".")
        if dot and ending == "yml":
            for document in yaml.safe_load_all(file.read_text("utf-8")):
                yield stem, document
