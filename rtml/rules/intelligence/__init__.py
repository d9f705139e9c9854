"""Threat intelligence: lists of addresses, networks, names and hashes, matched by joins.

A set of lists is described in one YAML file (`description`); `load_intelligence` reads the files
into `Intelligence`, whose `match` and `callers` are pure functions of a column of values;
`match_lists` runs it over a capture and yields ordinary hits, one rule for each list and use.
"""

from typing import TYPE_CHECKING

from rtml.lazy import lazily

if TYPE_CHECKING:
    from rtml.rules.intelligence.lists import CALLERS, Intelligence, load_intelligence
    from rtml.rules.intelligence.matching import Matched, match_lists

__all__ = ["CALLERS", "Intelligence", "Matched", "load_intelligence", "match_lists"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "CALLERS": "rtml.rules.intelligence.lists",
        "Intelligence": "rtml.rules.intelligence.lists",
        "Matched": "rtml.rules.intelligence.matching",
        "load_intelligence": "rtml.rules.intelligence.lists",
        "match_lists": "rtml.rules.intelligence.matching",
    },
)
