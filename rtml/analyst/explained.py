"""Why findings were raised: reasons as a table, sentences beside it, and what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import polars as pl

from rtml.findings.remediation import advice
from rtml.showing.shown import Shown
from rtml.showing.tables import facts, table
from rtml.text import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explained"]

_SENTENCES = {
    "compared": "compared with its peers",
    "counterfactual": "it would have been",
    "maturity": "known before",
}


@dataclass(frozen=True, repr=False)
class Explained:
    """``reasons``: detector, reason, value, usual, share, the greatest of each finding first.

    ``sentences``: how it compares, what would have made it usual, how much was known, and advice by name.
    """

    reasons: pl.DataFrame
    sentences: dict[str, str]

    @classmethod
    def of(cls, findings: pl.DataFrame, guess: str | None, most: int = 5) -> Self:
        """Explain findings, gravest first: ``most`` reasons of each detector."""
        listed = findings.unique("detector", keep="first", maintain_order=True).select(
            "detector", pl.col("contributions").list.head(most)
        )
        reasons = listed.explode("contributions").drop_nulls().unnest("contributions")
        said = {
            words: findings[name].drop_nulls()[0]
            for name, words in _SENTENCES.items()
            if findings[name].count()
        }
        if guess:
            said["technique"] = f"{guess}? a guess from what was touched"
        told = advice(findings["type"][0] or "")
        now = {"check": told.check, "contain": told.contain, "silence": told.silence}
        return cls(reasons.rename({"feature": "reason"}), {**said, **now})

    def __repr__(self) -> str:
        """Return reasons and sentences as plain text."""
        sentences = (f"{name}: {visible(text, 600)}" for name, text in self.sentences.items())
        return "\n".join([self._table().text, "", *sentences])

    def _table(self) -> Shown:
        return table(self.reasons, shares=["share"], code=["reason"])

    def _repr_html_(self) -> str:
        return "\n".join([self._table().markup, facts(self.sentences).markup])

    def to_pandas(self) -> pd.DataFrame:
        """Return the reasons as a pandas frame."""
        return self.reasons.to_pandas()
