"""Indicators of STIX 2.1: bundles, TAXII's envelopes, lists of either; values until when they hold.

What lists of indicators hold in practice is ``[domain-name:value = 'c2.example']`` and alternatives of such;
what of a pattern is no alternative by itself is refused with its reason (`rtml.rules.intelligence.patterns`).
Source: https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html, …/taxii/v2.1/taxii-v2.1.html (envelope).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtml.errors import RtmlError, UsageError
from rtml.reading.json_text import json_value
from rtml.rules.intelligence.patterns import alternatives
from rtml.times import moment

__all__ = ["Raw", "indicators"]

_DEEPEST = 4
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST = 2**63 - 1
Raw = tuple[int, str | None, str | None, int | None]
"""Number of the object, value, reason why there is none, and until when it holds (ns since 1970)."""


def indicators(text: str, path: Path) -> Iterator[Raw]:
    """Yield `Raw` of every indicator.

    Revoked indicators are refused. Objects that are no indicators are passed over: identities,
    relationships, reports and the like carry nothing to match. When an indicator begins to be valid is not
    looked at: that is when it was written down, and a capture may be older. When it ends is: addresses are
    given to others.

    Raises
    ------
    RtmlError
        The text holds no STIX objects.
    """
    try:
        found = _objects(json_value(text), 0)
    except ValueError as error:
        raise RtmlError(f"{path}: not JSON, so no STIX bundle ({error})") from error
    if found is None:
        raise RtmlError(
            f"{path}: no STIX bundle: an object of type 'bundle' with 'objects', or TAXII's envelope"
        )
    for number, item in enumerate(found, 1):
        if isinstance(item, dict) and item.get("type") == "indicator":
            yield from _indicator(number, item)


def _objects(value: Any, depth: int) -> list[Any] | None:
    """Return the objects in bundles and envelopes; None for what is neither."""
    if isinstance(value, list) and value and depth < _DEEPEST:
        parts = [_objects(part, depth + 1) for part in value]
        known = [part for part in parts if part is not None]
        return [item for part in known for item in part] if known else None
    if not isinstance(value, dict):
        return None
    objects = value.get("objects")
    if isinstance(objects, list) and (value.get("type") == "bundle" or "more" in value or _typed(objects)):
        return objects
    if value.get("type") == "indicator":
        return [value]
    inner = next((value[name] for name in ("response", "bundle", "data") if name in value), None)
    return _objects(inner, depth + 1) if inner is not None and depth < _DEEPEST else None


def _typed(objects: list[Any]) -> bool:
    return any(isinstance(item, dict) and isinstance(item.get("type"), str) for item in objects)


def _indicator(number: int, item: dict[str, Any]) -> Iterator[Raw]:
    pattern = item.get("pattern")
    shown = pattern if isinstance(pattern, str) else None
    until, problem = _until(item.get("valid_until"))
    if item.get("revoked") is True:
        yield number, shown, "revoked", None
    elif shown is None or item.get("pattern_type", "stix") != "stix":
        yield number, shown, "no pattern in STIX's own language", None
    elif problem is not None:
        yield number, shown, problem, None
    else:
        for value, reason in alternatives(shown):
            yield number, shown[:200] if value is None else value, reason, until


def _until(value: Any) -> tuple[int | None, str | None]:
    if value is None:
        return None, None
    try:
        at = moment(re.sub(r"(\.\d{6})\d+", r"\1", str(value)))
    except UsageError:
        return None, f"valid_until {str(value)[:40]!r} is no time"
    if at < _EPOCH:
        return None, f"valid_until {str(value)[:40]!r} lies before 1970"
    return min((at - _EPOCH) // dt.timedelta(microseconds=1) * 1000, _LAST), None
