"""A mistake: how it is planted, and what counts as having noticed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rtml.evaluation import Ledger, Side
from rtml.experiment.selftest.ground import Ground, printed

__all__ = ["Mistake", "Plant", "paid", "said"]

Plant = Callable[[Ground], str]
"""Plants a mistake and returns what the harness said of it, "" for nothing; it may also be refused (an
`RtmlError`)."""


@dataclass(frozen=True)
class Mistake:
    """One mistake: its kind, its name in plain words, and how it is planted."""

    kind: str
    name: str
    plant: Plant


def said(ground: Ground, ledger: Ledger, words: str) -> str:
    """Return the line of the terminal that says these words, "" where an honest run says it too."""
    lines = [line.strip() for line in printed(ledger).splitlines() if words in line]
    return next((line for line in lines if line not in ground.honestly), "")


def paid(ground: Ground, cheat: Side, honest: Side, share: float = 0.9) -> str:
    """Say what a cheat cost, "" where it paid less than its honest self for what it found.

    A cheat pays when each attack that it finds costs at least ``share`` of the false findings that it costs
    the honest side, or when its budget is shown broken.
    """
    rows = {row["side"]: row for row in ground.ledger(cheat, honest).summary.iter_rows(named=True)}
    ours, theirs = rows[cheat.name], rows[honest.name]
    price, fair = (row["false"] / max(row["found"], 1) for row in (ours, theirs))
    ours_text, theirs_text = (
        f"{row['found']:.0f} found / {row['false']:.0f} false" for row in (ours, theirs)
    )
    text = f"paid for: {ours_text}, honest {theirs_text}"
    return text if price >= share * fair and ours["false"] >= share * theirs["false"] else ""
