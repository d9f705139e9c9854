"""A challenge: what two runs found, attack by attack, and whether the new one may replace the old.

The challenger is better when it was judged on the same test, kept its budget or made no more false findings
than the champion, and found more attacks by an exact McNemar test. Whoever tries many challengers promotes
the luckiest: the p-value is multiplied by the number of runs that ever challenged this champion (Bonferroni).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace

import polars as pl

from rtml.evaluation.paired import mcnemar

__all__ = ["Challenge", "Judged", "corrected", "digest_of_test", "compared", "unopposed"]


@dataclass(frozen=True)
class Judged:
    """What a version's run found: ``attack_id``, ``found``; false findings; whether it kept its budget.

    ``test`` names what it was judged on (`digest_of_test`).
    """

    version: str
    test: str
    found: pl.DataFrame
    false: float
    kept: bool


@dataclass(frozen=True)
class Challenge:
    """The outcome of a challenge; ``champion`` is null where there was none to beat.

    ``only_new`` and ``only_old``: attacks that one of the two found and the other did not. ``p_value`` is
    corrected for ``challenges``, the runs that ever challenged this champion; null where nothing was tested.
    ``reasons``: why it was not promoted; empty when it was.
    """

    name: str
    challenger: str
    champion: str | None
    found_new: int
    found_old: int = 0
    only_new: int = 0
    only_old: int = 0
    challenges: int = 0
    p_value: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def promoted(self) -> bool:
        """Whether the challenger is champion now."""
        return not self.reasons

    def sentence(self) -> str:
        """Return the outcome as a sentence.

        Examples
        --------
        >>> Challenge("rtml-lab", "3", "2", 50, 43, 9, 2, 1, 0.0654, ("p-value too high",)).sentence()
        'rtml-lab: version 3 found 50 attacks, the champion (version 2) 43; only it 9, only the champion 2;
        p = 0.065 (challenges: 1): not promoted: p-value too high'
        """
        outcome = "promoted" if self.promoted else f"not promoted: {'; '.join(self.reasons)}"
        if self.champion is None:
            return f"{self.name}: version {self.challenger}, no champion to be tested against: {outcome}"
        tried = "" if self.p_value is None else f"; p = {self.p_value:.2g} (challenges: {self.challenges})"
        return (
            f"{self.name}: version {self.challenger} found {self.found_new} attacks, the champion (version"
            f" {self.champion}) {self.found_old}; only it {self.only_new}, only the champion"
            f" {self.only_old}{tried}: {outcome}"
        )


def digest_of_test(attacks: pl.DataFrame, capture: str, begin: dt.datetime) -> str:
    """Return what names a test: the capture's digest, when its test time begins, and its attacks."""
    told = attacks.select("attack_id", "container_id", "start", "end").sort("attack_id")
    text = f"{capture} {begin.isoformat()} {told.write_csv()}"
    return hashlib.sha256(text.encode()).hexdigest()


def unopposed(name: str, new: Judged, first: bool) -> Challenge:
    """Return the outcome where there is no champion: nothing is tested, so it must be wished (``first``)."""
    reasons = () if first else ("there is no champion yet, and nothing to test against",)
    broken = () if new.kept else ("it broke its budget of false findings",)
    return Challenge(name, new.version, None, int(new.found["found"].sum()), reasons=(*reasons, *broken))


def compared(name: str, new: Judged, old: Judged) -> Challenge:
    """Return the outcome before the p-value is held against a level (`corrected`)."""
    pairs = new.found.join(old.found, on="attack_id", suffix="_old")
    ours, theirs = pairs["found"], pairs["found_old"]
    only_new, only_old = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    counts = Challenge(name, new.version, old.version, int(ours.sum()), int(theirs.sum()), only_new, only_old)
    if new.version == old.version:
        return replace(counts, reasons=("it is the champion",))
    if new.test != old.test:
        return replace(counts, reasons=("the two were judged on different tests: run both on the same data",))
    reasons = []
    if not new.kept and new.false > old.false:
        reasons.append(f"it broke its budget: {new.false:g} false findings, the champion made {old.false:g}")
    if only_new <= only_old:
        reasons.append("it does not find more attacks")
    return replace(counts, p_value=mcnemar(only_new, only_old), reasons=tuple(reasons))


def corrected(outcome: Challenge, challenges: int, alpha: float) -> Challenge:
    """Return the outcome with its p-value times the number of challenges, held against ``alpha``.

    Examples
    --------
    >>> corrected(Challenge("m", "2", "1", 9, 1, 8, 0, p_value=0.0078), 7, 0.05).reasons
    ('p-value 0.055 is not below 0.05',)
    """
    assert outcome.p_value is not None
    p_value = min(1.0, outcome.p_value * challenges)
    late = () if p_value < alpha else (f"p-value {p_value:.2g} is not below {alpha:g}",)
    return replace(outcome, p_value=p_value, challenges=challenges, reasons=(*outcome.reasons, *late))
