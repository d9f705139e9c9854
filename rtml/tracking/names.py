"""Names and values as MLflow takes them: plain, flat, not too long."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["flat", "numbers", "plain", "registry_name"]

_LONGEST_KEY = 250
_LONGEST_VALUE = 6000  # MLflow 3 refuses longer ones


def plain(name: str) -> str:
    """Return a name of lower-case letters, digits, ``_`` and ``.``, to be typed without quotes.

    Examples
    --------
    >>> plain("rules, tuned"), plain("half-space trees"), plain("TPR@1%"), plain("…")
    ('rules_tuned', 'half_space_trees', 'tpr_1', 'unnamed')
    """
    words = re.sub(r"[^a-z0-9.]+", "_", name.lower()).strip("_.")
    return words[:_LONGEST_KEY] or "unnamed"


def registry_name(experiment: str) -> str:
    """Return the name in the registry of an experiment's models.

    Examples
    --------
    >>> registry_name("lab"), registry_name("a/b: c")
    ('rtml-lab', 'rtml-a-b-c')
    """
    return f"rtml-{re.sub(r'[^A-Za-z0-9_]+', '-', experiment).strip('-')[:200] or 'experiment'}"


def flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters with dotted names for nested mappings; long values end in ``…``.

    Examples
    --------
    >>> flat({"seed": 3, "split": {"test": 0.7}, "rules": {}})
    {'seed': '3', 'split.test': '0.7', 'rules': '{}'}
    """
    return {_key(name): _value(value) for name, value in _flat(values)}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _key(name: str) -> str:
    """Return a parameter's name without what MLflow refuses: it takes ``_ - . /`` and blanks beside words."""
    return re.sub(r"[^A-Za-z0-9_\-./ ]", "_", name)[:_LONGEST_KEY]


def _value(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among values under `plain` names; null, NaN and infinity are left out, never 0.

    Examples
    --------
    >>> numbers({"found": 5, "rate": None, "auroc": float("nan"), "note": "x", "oracle": True})
    {'found': 5.0}
    """
    kept = {name: value for name, value in values.items() if isinstance(value, int | float)}
    return {
        plain(name): float(value)
        for name, value in kept.items()
        if not isinstance(value, bool) and math.isfinite(value)
    }
