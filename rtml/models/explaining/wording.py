"""Words for features and for what processes did: reasons that people can read (``words.yml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from rtml.numbers import number
from rtml.reading.packaged import packaged_yaml
from rtml.text import visible

__all__ = ["compared", "deed", "does", "many"]

_MOST = 3
_LONGEST = 120
_SURPRISE = re.compile(
    r"(?:([a-z0-9_]+?)_)?(bits_(?:beyond|max|sum|top3|excess)|never_seen|unknown_context|pairs)"
)
_KINDS = {
    "bits_beyond": "bits of surprise in {}",
    "bits_max": "bits of the greatest surprise in {}",
    "bits_sum": "bits of all surprises in {}",
    "bits_top3": "bits of the three greatest surprises in {}",
    "bits_excess": "bits of the three greatest surprises beyond chance in {}",
    "never_seen": "never seen {}",
    "pairs": "different {}",
    "unknown_context": "share of unknown contexts of {}",
}


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return packaged_yaml("rtml.models.explaining", "words.yml", dict)


def many(feature: str) -> str:
    """Return what a feature counts, in words; a feature that nobody described keeps its name.

    Examples
    --------
    >>> many("destinations.fanout"), many("files.read_bits_beyond"), many("lineage.never_seen")
    ('destinations', 'bits of surprise in paths read', 'never seen child processes')
    >>> many("activity.connect"), many("theirs.odd")
    ('connect events', 'theirs.odd')
    """
    words = _words()["many"]
    if feature in words:
        return words[feature]
    family, _, name = feature.partition(".")
    if family == "activity":
        return f"{name} events"
    match = _SURPRISE.fullmatch(name)
    what = match and words.get(f"{family}.{match[1]}" if match[1] else family)
    return _KINDS[match[2]].format(what) if match and what else visible(feature, _LONGEST)


def compared(contributions: Sequence[Mapping[str, Any]] | None) -> str | None:
    """Say how a tree compares with its peers, in the features that contributed most; None: nothing to say.

    Parameters
    ----------
    contributions
        Of a finding (`rtml.schema.FINDINGS`), the greatest first. ``usual`` is the median, or the mean, of
        the peer group in training.

    Examples
    --------
    >>> compared([{"feature": "destinations.fanout", "value": 57.0, "usual": 3.0, "share": 0.8},
    ...           {"feature": "files.refused", "value": 2.0, "usual": 0.0, "share": 0.2}])
    'usually 3 destinations, now 57; usually 0 refused paths, now 2'
    """
    said = [
        f"usually {number(part['usual'])} {many(part['feature'])}, now {number(part['value'])}"
        for part in contributions or []
        if part["usual"] is not None and part["value"] is not None
    ]
    return "; ".join(said[:_MOST]) or None


def deed(conditional: str, key: str) -> str:
    """Say what a process did that showed a key: goes after "if it had not".

    Examples
    --------
    >>> deed("files.read", "read /etc/shadow"), deed("files.write", "refused write /etc/passwd")
    ('read /etc/shadow', 'been refused to write /etc/passwd')
    >>> deed("destinations.address", "203.0.113.9 4444"), deed("theirs.odd", "thing")
    ('called 203.0.113.9 4444', 'shown thing')
    """
    words, shown = _words(), visible(key, _LONGEST)
    verb, _, rest = shown.partition(" ")
    if conditional.startswith("files.") and verb in words["verbs"]:
        return f"{words['verbs'][verb]} {rest}"
    return words["done"].get(conditional, "shown {}").replace("{}", shown)


def does(conditional: str, key: str) -> str:
    """Say what a workload does that showed a key.

    Examples
    --------
    >>> does("destinations.address", "203.0.113.9 4444"), does("files.read", "read /srv/settings.json")
    ('calls 203.0.113.9 4444', 'read /srv/settings.json')
    """
    return _words()["does"].get(conditional, "{}").replace("{}", key)
