"""What the recommended model adds to tuned rules, at the same price, in three sentences."""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.numbers import number, percent, plural
from rtml.report.beside import Beside, beside_rules
from rtml.report.chosen import first_rules, recommended

__all__ = ["three_sentences"]

Row = dict[str, Any]


def three_sentences(ledger: Ledger) -> list[str]:
    """Say what the model and tuned rules found at the same budget, what only the model found, and the price.

    A gain is stated only beside rules that could match, by a model that kept its budget, and at a cost that
    the rules were given too: else the sentence says what stands in the way. Empty without a model.

    Examples
    --------
    >>> from rtml.evaluation.headline import HEADLINE
    >>> _counted({"found": 3, "false": 1})
    '3 with 1 false finding'
    """
    model = recommended(ledger)
    if model is None:
        return []
    asked = _asked(ledger, model)
    ours = _at(ledger, model, asked)
    if ours is None:
        return []
    rules = first_rules(ledger)
    reason = ledger.facts["gain"]["reason"]
    if rules is None or ledger.facts["gain"]["value"] is None:
        return [f"{_found(model, ours)}.", f"No gain over rules is stated: {reason}.", _price(ledger, model)]
    told, gain = _compared(ledger, model, ours, rules)
    return [told, gain, _price(ledger, model)]


def _asked(ledger: Ledger, model: str) -> float:
    """Return the budget at which sides are compared: what the model was set to, else the nearest column."""
    wanted = ledger.summary.filter(pl.col("side") == model)["asked"].item()
    wanted = ledger.facts["budget_per_container_day"] if wanted is None else wanted
    columns = ledger.headline["asked"].unique().to_list()
    return min(columns, key=lambda column: (abs(column - wanted), column), default=float(wanted))


def _at(ledger: Ledger, side: str, asked: float) -> Row | None:
    rows = ledger.headline.filter((pl.col("side") == side) & (pl.col("asked") == asked))
    return rows.row(0, named=True) if rows.height else None


def _compared(ledger: Ledger, model: str, ours: Row, rules: str) -> tuple[str, str]:
    """Return what both found, and the gain or what stands in its way."""
    asked = ours["asked"]
    theirs = _at(ledger, rules, asked) or {"found": 0, "false": 0, "budget": "held"}
    told = (
        f"Set to {asked:g} false finding{'' if asked == 1 else 's'} per container-day, {model} finds "
        f"{_counted(ours)}{_broken(ours)}, {rules} {_counted(theirs)}{_broken(theirs)} "
        f"(of {ledger.facts['counts']['attacks']})."
    )
    if ours["budget"] == "broken":
        return told, f"No gain is stated: {model} broke that budget ({_rate(ours)} a day)."
    if theirs["budget"] == "broken":
        return told, f"No gain is stated: {rules} broke that budget ({_rate(theirs)} a day)."
    if ours["false"] > theirs["false"]:
        return told, _dearer(ledger, model, ours, rules)
    return told, _only(ledger, model, rules)


def _dearer(ledger: Ledger, model: str, ours: Row, rules: str) -> str:
    """Compare at the same realised cost: rules at the setting that finds most for what the model cost."""
    rows = ledger.headline.filter((pl.col("side") == rules) & (pl.col("false") <= ours["false"]))
    best = rows.sort("found", "asked", descending=[True, False]).row(0, named=True)
    more = ours["found"] - best["found"]
    verdict = f"{more} more" if more > 0 else "no more"
    return (
        f"At the cost that was realised ({plural(ours['false'], 'false finding')}) {rules} find "
        f"{best['found']}, set to {best['asked']:g}: {model} finds {verdict}. {_only(ledger, model, rules)}"
    )


def _only(ledger: Ledger, model: str, rules: str) -> str:
    pair: Beside = next(row for row in beside_rules(ledger) if row.side == model)
    p = "" if pair.p is None else f", McNemar's exact p {number(pair.p, '.2g')} after Holm"
    return (
        f"{pair.only.count} of {pair.attacks} only {model} finds beside {rules} [{pair.only.interval}]{p}; "
        f"{pair.alone.count} no rules and no rival find; {pair.missed} that {rules} find it misses."
    )


def _found(side: str, row: Row) -> str:
    return f"{side} finds {_counted(row)}, set to {row['asked']:g} per container-day{_broken(row)}"


def _counted(row: Row) -> str:
    return f"{row['found']} with {plural(row['false'], 'false finding')}"


def _broken(row: Row) -> str:
    return " (budget broken)" if row["budget"] == "broken" else ""


def _rate(row: Row) -> str:
    return number(row["rate"], ".2g")


def _price(ledger: Ledger, model: str) -> str:
    """Say the price at the model's own setting: rate with its interval, causes, share of time, reports."""
    row = ledger.summary.filter(pl.col("side") == model).row(0, named=True)
    if row["rate"] is None:
        return f"The price cannot be said: {row['rate_reason']}."
    asked = "" if row["asked"] is None else f"asked {row['asked']:g}, "
    seen = "" if row["calibrated"] is None else f"calibration {number(row['calibrated'], '.2g')}, "
    low, high = number(row["rate_low"], ".2g"), number(row["rate_high"], ".2g")
    rate = f"test {number(row['rate'], '.2g')} [{low} – {high}] false findings per container-day"
    causes = next((pair.causes for pair in beside_rules(ledger) if pair.side == model), None)
    told = "" if causes is None else f" of {plural(causes, 'cause')}"
    flagged = "" if row["flagged"] is None else f"; {percent(row['flagged'])} of container time flagged"
    changes = plural(row["changes"] or 0, "report")
    return f"The price: {asked}{seen}{rate}{told}{flagged}; {changes} of changed workloads to read."
