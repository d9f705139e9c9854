"""Where labels come from: a closed list, because a comparison is worth what its labels are independent of."""

from __future__ import annotations

import polars as pl

from rtml.errors import RtmlError, did_you_mean

__all__ = ["PROVENANCES", "UNSAID", "refuse_rule_labels", "stated", "unstated"]

PROVENANCES = ("replay", "spliced", "analyst", "vendor", "rule")
"""An attack that was replayed; one that was spliced into other time; what an analyst or a vendor of a data
set found; what rules matched."""


UNSAID = "not stated"
"""What labels of a table are that has no such column: whoever wrote it did not know of the question. They are
judged, and the ledger says aloud what that is worth; an empty cell of a column that is there is refused."""


def stated(column: str = "provenance") -> pl.Expr:
    """Return provenance as the list spells it: without spaces around it, in small letters; ``""`` is null.

    Examples
    --------
    >>> pl.DataFrame({"provenance": [" Rule", ""]}).select(stated())["provenance"].to_list()
    ['rule', None]
    """
    text = pl.col(column).str.strip_chars().str.to_lowercase()
    return pl.when(text != "").then(text).alias(column)


def unstated(labels: pl.DataFrame) -> list[str]:
    """Return the provenances that are not on the list, each once; null is ``empty``."""
    found = labels.select(stated()).to_series().fill_null("empty").unique().sort()
    return [name for name in found if name not in PROVENANCES]


def refuse_rule_labels(labels: pl.DataFrame) -> None:
    """Raise when labels were made by rules, or may have been: rules would then be judged by themselves.

    Examples
    --------
    >>> refuse_rule_labels(pl.DataFrame({"attack_id": ["a"], "provenance": ["rule"]}))
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: 1 of 1 labels were made by rules (provenance 'rule'), so a comparison ...
    >>> refuse_rule_labels(pl.DataFrame({"attack_id": ["a"], "provenance": ["replayed"]}))
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: labels: provenance 'replayed' is not known, so nothing shows that rules did not ...
    """
    ruled = labels.select(stated()).filter(pl.col("provenance") == "rule").height
    if ruled:
        raise RtmlError(
            f"{ruled} of {labels.height} labels were made by rules (provenance 'rule'), so "
            "a comparison with rules would find every one of them by construction; use labels from "
            "replays or analysts, or leave these out"
        )
    for name in (name for name in unstated(labels) if name != UNSAID):
        known = ", ".join(PROVENANCES)
        hint = "" if name == "empty" else f"; {did_you_mean(name, PROVENANCES)}"
        raise RtmlError(
            f"labels: provenance {name!r} is not known, so nothing shows that rules did not make them, "
            f"and rules cannot be judged by them; state one of {known}{hint}"
        )
