"""The market's 46 runtime finding types, and which rules stand for each: plain data, no engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

__all__ = ["catalogue", "standing"]


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return type to its facts, in the order of the catalogue.

    Examples
    --------
    >>> len(catalogue()), sum("gate" in facts for facts in catalogue().values())
    (46, 14)
    """
    text = files("rtml").joinpath("rules/catalogue.yml").read_text("utf-8")
    return MappingProxyType(yaml.safe_load(text))


def standing(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return one row per finding type of the catalogue with what stands for it.

    Parameters
    ----------
    pairs
        Finding type and the id of what stands for it; types that the catalogue lacks are ignored.

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
    for kind, name in pairs:
        by.get(kind, {})[name] = None
    return [
        {"number": number, "type": kind, "severity": facts["severity"], "gate": facts.get("gate"),
         "by": list(by[kind])}
        for number, (kind, facts) in enumerate(catalogue().items(), 1)
    ]  # fmt: skip
