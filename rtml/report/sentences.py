"""What models add to rules, and at which price, in three sentences."""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.schema import COMBINED

__all__ = ["three_sentences"]

_RULES, _RIVAL = "rules, tuned", "first seen"


def three_sentences(ledger: Ledger) -> list[str]:
    """Say what the recommended model found beside tuned rules, what only it found, and what it costs to read.

    The model is the combination, else the model that found most. Empty where rules or models are missing: no
    sentence about gain without a side that could match it.

    Examples
    --------
    >>> _false({"false": 1.0}), _false({"false": 0.0})
    ('1 false finding', '0 false findings')
    """
    rows = {row["side"]: row for row in ledger.summary.iter_rows(named=True)}
    models = [row for row in rows.values() if row["kind"] == "model"]
    if _RULES not in rows or not models or ledger.facts["gain"]["value"] is None:
        return []
    best = rows.get(COMBINED) or max(models, key=lambda row: (row["found"], -row["false"]))
    rules = rows[_RULES]
    kept = f" (budget {best['budget']})" if best["budget"] else ""
    found = f"{best['side']} finds {best['found']:.0f} of {best['attacks']} attacks with {_false(best)}{kept}"
    return [
        f"{found}; tuned rules find {rules['found']:.0f} with {rules['false']:.0f}.",
        _fresh(ledger, best["side"]),
        _price(best),
    ]


def _false(row: dict[str, Any]) -> str:
    return f"{row['false']:.0f} false finding{'' if row['false'] == 1 else 's'}"


def _fresh(ledger: Ledger, side: str) -> str:
    found = ledger.attacks.filter("found")
    theirs = set(found.filter(pl.col("side") == side)["attack_id"])
    rules = set(found.filter(pl.col("side") == _RULES)["attack_id"])
    rival = set(found.filter(pl.col("side") == _RIVAL)["attack_id"])
    only, quite = len(theirs - rules), len(theirs - rules - rival)
    return (
        f'{only} of them tuned rules do not find, {quite} neither these nor "first seen";'
        f" {len(rules - theirs)} that tuned rules find it misses."
    )


def _price(row: dict[str, Any]) -> str:
    asked = "" if row["asked"] is None else f", asked were {row['asked']:g}"
    changes = row["changes"] or 0
    if row["rate"] is None:
        return f"The price cannot be said: {row['rate_reason']}."
    rate = (
        f"{row['rate']:.2g} false findings per container-day [{row['rate_low']:.2g} – {row['rate_high']:.2g}]"
    )
    reports = f"{changes} report{'' if changes == 1 else 's'} of changed workloads"
    return f"The price: {rate}{asked}, and {reports} to read."
