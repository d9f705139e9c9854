"""The market's 46 runtime finding types, and what stands for each: plain data, no engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from rtml.reading.packaged import packaged_yaml
from rtml.rules.intelligence.categories import categories
from rtml.rules.reputation.categories import CATEGORIES

__all__ = ["catalogue", "standing", "user_data"]


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return type to its facts, in the order of the catalogue.

    Examples
    --------
    >>> len(catalogue()), sum("gate" in facts for facts in catalogue().values())
    (46, 14)
    """
    return MappingProxyType(packaged_yaml("rtml.rules", "catalogue.yml", dict))


def user_data() -> dict[str, tuple[str, ...]]:
    """Return the finding types of what works on data that the user names: lists and models.

    Examples
    --------
    >>> user_data()["list:tor"]
    ('UnauthorizedAccess:Runtime/TorClient', 'UnauthorizedAccess:Runtime/TorRelay')
    """
    lists = {f"list:{name}": tuple(category.types.values()) for name, category in categories().items()}
    models = {f"reputation:{name}": (kind.finding_type,) for name, kind in CATEGORIES.items()}
    return {**lists, **models}


def standing(rules: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return one row per finding type of the catalogue with what stands for it.

    Parameters
    ----------
    rules
        Finding type and id of each rule; `user_data` is added, types that the catalogue lacks are
        left out.

    Returns
    -------
    46 rows ``number, type, severity, gate, by``; ``by`` lists each id once, in the order given,
    and is empty where nothing stands for a type.

    Examples
    --------
    >>> rows = standing([("Execution:Runtime/ReverseShell", "a"), ("Else:Runtime/What", "b")])
    >>> [row["by"] for row in rows if row["type"] == "Execution:Runtime/ReverseShell"]
    [['a']]
    """
    by: dict[str, dict[str, None]] = {kind: {} for kind in catalogue()}
    supplied = ((kind, name) for name, kinds in user_data().items() for kind in kinds)
    for kind, name in (*rules, *supplied):
        by.get(kind, {})[name] = None
    return [
        {
            "number": number,
            "type": kind,
            "severity": facts["severity"],
            "gate": facts.get("gate"),
            "by": list(by[kind]),
        }
        for number, (kind, facts) in enumerate(catalogue().items(), 1)
    ]
