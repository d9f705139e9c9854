"""A tree's novelty features without some of its events: how it would have looked had it not done that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Deeds"]

Pair = Mapping[str, Any]


class Deeds:
    """The surprising pairs of one tree, from which events can be taken back, one after the other.

    Taking an event back removes every pair that it showed first. The most surprising pair left is then the
    top of its conditional, and chance is of so many pairs fewer. How many a conditional had follows from its
    feature: top bits - log2(pairs).

    Parameters
    ----------
    features
        The tree's ``bits_beyond`` of families and their conditionals, and ``never_seen``.
    pairs
        ``conditional, family, key, bits, seen, host, seq``, the most surprising first within a conditional.

    Examples
    --------
    >>> pair = {"family": "f", "conditional": "f.x", "host": "h"}
    >>> pairs = [{**pair, "key": "a", "bits": 9.0, "seen": False, "seq": 1},
    ...          {**pair, "key": "b", "bits": 4.0, "seen": True, "seq": 2}]
    >>> deeds = Deeds({"f.bits_beyond": 8.0, "f.never_seen": 1.0}, pairs)
    >>> deeds.take_back(), deeds.features
    (('f.x', 'a'), {'f.bits_beyond': 4.0, 'f.never_seen': 0.0})
    """

    def __init__(self, features: Mapping[str, float | None], pairs: Sequence[Pair]) -> None:
        self.features = dict(features)
        self._left = list(pairs)
        tops: dict[str, Pair] = {}
        for pair in pairs:
            tops.setdefault(pair["conditional"], pair)
        self._columns = {name: _column(features, name, top["family"]) for name, top in tops.items()}
        self._family = {name: f"{top['family']}.bits_beyond" for name, top in tops.items()}
        self._beyond = {name: features.get(column) or 0.0 for name, column in self._columns.items()}
        self._pairs = {name: 2.0 ** (tops[name]["bits"] - bits) for name, bits in self._beyond.items()}

    def take_back(self) -> tuple[str, str] | None:
        """Take back the event with the greatest surprise beyond chance; return it, or None: none is left."""
        worst = min(self._beyond, key=lambda name: (-self._beyond[name], name), default=None)
        if worst is None or not self._beyond[worst] > 0:
            return None
        top = next(pair for pair in self._left if pair["conditional"] == worst)
        event = top["host"], top["seq"]
        gone = [pair for pair in self._left if (pair["host"], pair["seq"]) == event]
        self._left = [pair for pair in self._left if (pair["host"], pair["seq"]) != event]
        for pair in gone:
            self._pairs[pair["conditional"]] -= 1
            if not pair["seen"]:
                self._lower(f"{pair['family']}.never_seen", 1.0)
        for name in {pair["conditional"] for pair in gone}:
            self._settle(name)
        # The first by name says most: an address more than its port.
        best = min((pair for pair in gone if pair["family"] == top["family"]), key=_by_name)
        return best["conditional"], str(best["key"])

    def _settle(self, name: str) -> None:
        """Give a conditional's feature, and its family's sum, what the pairs that are left say.

        That may be more than before: of fewer pairs the same bits are less likely by chance.
        """
        top = next((pair["bits"] for pair in self._left if pair["conditional"] == name), 0.0)
        chance = math.log2(max(self._pairs[name], 1.0))
        now = max(top - chance, 0.0)
        for column in {self._columns[name], self._family[name]}:
            self._lower(column, self._beyond[name] - now)
        self._beyond[name] = now

    def _lower(self, column: str, by: float) -> None:
        value = self.features.get(column)
        if value is not None:
            self.features[column] = max(value - by, 0.0)


def _by_name(pair: Pair) -> tuple[str, str]:
    return pair["conditional"], pair["key"]


def _column(features: Mapping[str, Any], conditional: str, family: str) -> str:
    """Return the feature of a conditional; where a family has but one, that of the family."""
    own = f"{family}.{conditional.partition('.')[2]}_bits_beyond"
    return own if own in features else f"{family}.bits_beyond"
