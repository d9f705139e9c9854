"""Two sides over the same attacks: who found what the other did not, and could that be luck.

Shares of two sides say little about their difference: both were tried on the *same* attacks, so only those
count that one found and the other did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl
from scipy import stats

from rtml.errors import MissingError, did_you_mean
from rtml.evaluation.origins import origin

__all__ = ["CONTENDERS", "FEWEST", "PAIRED", "RATES", "Judged", "holm", "mcnemar", "paired", "rates_of"]

CONTENDERS = ("rules", "model", "rival", "union")
"""Kinds of sides that are compared; trivial rows and oracles are not, so that no p-value pays for them."""

FEWEST = 6
"""Discordant recordings below which not even all of them on one side reach p <= 0.05."""

_COUNTS = ("attacks", "both", "only_side", "only_reference", "neither", "won", "lost")
_TESTS = ("p", "p_false", "p_causes")
PAIRED = pl.Schema(
    {
        "side": pl.String(),
        "reference": pl.String(),
        **dict.fromkeys(_COUNTS, pl.Int64()),
        **dict.fromkeys(("false", "false_reference", "causes", "causes_reference"), pl.Int64()),
        **{name: pl.Float64() for test in _TESTS for name in (test, f"{test}_holm")},
        "remark": pl.String(),
    }
)
"""One row per side beside the reference. ``only_…`` count attacks, ``won`` and ``lost`` recordings (trials of
one recording together). ``p``: found; ``p_false``: rate of false findings; ``p_causes``: rate of their
causes; each also corrected by Holm over all rows. Null where counts are not given."""

RATES = pl.Schema({"side": pl.String(), "false": pl.Int64(), "causes": pl.Int64(), "days": pl.Float64()})
"""False findings of each side, their causes (null: not known), and the container-days that they arose in."""


class Judged(Protocol):
    """What a comparison reads of a ledger (`rtml.evaluation.ledger.Ledger`)."""

    @property
    def summary(self) -> pl.DataFrame:
        """One row per side: ``side, kind, false, days``."""

    @property
    def attacks(self) -> pl.DataFrame:
        """One row per attack and side."""

    @property
    def measures(self) -> pl.DataFrame:
        """`rtml.evaluation.measures.ROWS`."""


def paired(judged: Judged | pl.DataFrame, reference: str, rates: pl.DataFrame | None = None) -> pl.DataFrame:
    """Compare every side with ``reference`` over the same attacks.

    Parameters
    ----------
    judged
        A ledger, or its attacks table (``attack_id, side, kind, found`` and, if there, ``origin``).
    reference
        Name of the side that the others are compared with, such as ``rules, tuned``.
    rates
        `RATES`; null takes them from the ledger, and leaves the rates out beside a bare table.

    Returns
    -------
    `PAIRED`, in the order of the sides. Found: McNemar's exact test, 2 P(Bin(won + lost, 1/2) <= min). False
    findings: the exact conditional test, false ~ Bin(false + false_reference, days / all days); it takes
    findings to be independent, which those of one cause are not, so ``p_causes`` does the same with causes.

    Raises
    ------
    MissingError
        No side has that name.

    References
    ----------
    Q. McNemar, Psychometrika 12 (1947), https://doi.org/10.1007/BF02295996. S. Holm, Scandinavian Journal of
    Statistics 6 (1979). J. Przyborowski, H. Wilenski, Biometrika 31 (1940).

    Examples
    --------
    >>> attacks = pl.DataFrame({"attack_id": ["a", "b", "c"] * 2, "side": ["rules"] * 3 + ["forest"] * 3,
    ...     "kind": ["rules"] * 3 + ["model"] * 3, "found": [True, False, False, False, True, True]})
    >>> paired(attacks, "rules").select("only_side", "only_reference", "p").row(0)
    (2, 1, 1.0)
    """
    table = judged if isinstance(judged, pl.DataFrame) else judged.attacks
    proper = table.filter(pl.col("kind").is_in(CONTENDERS))
    sides = proper["side"].unique(maintain_order=True).to_list()
    if reference not in sides:
        raise MissingError(f"no side {reference!r} to compare with; {did_you_mean(reference, sides)}")
    if rates is None and not isinstance(judged, pl.DataFrame):
        rates = rates_of(judged)
    counts = {} if rates is None else {row["side"]: row for row in rates.iter_rows(named=True)}
    rows = [
        _found(proper, side, reference) | _false(counts.get(side), counts.get(reference))
        for side in sides
        if side != reference
    ]
    return _corrected(pl.DataFrame(rows, schema=PAIRED))


def rates_of(judged: Judged) -> pl.DataFrame:
    """Return `RATES` of the contenders of a ledger, over the container-days that each judged."""
    causes = judged.measures.filter(pl.col("measure") == "false_rate_by_cause").select(
        "side", by_cause="value"
    )
    whole = judged.summary.filter(pl.col("kind").is_in(CONTENDERS))
    joined = whole.join(causes, on="side", how="left", maintain_order="left")
    number = (pl.col("by_cause") * pl.col("days")).round().cast(pl.Int64)
    return joined.select("side", pl.col("false").cast(pl.Int64), "days", causes=number).select(RATES.names())


def _found(table: pl.DataFrame, side: str, reference: str) -> dict[str, Any]:
    """Count who found what, by attack and by recording, and test it."""
    names = [name for name in ("attack_id", "origin") if name in table.columns]
    ours = table.filter(pl.col("side") == side).select(*names, "found", "kind")
    theirs = table.filter(pl.col("side") == reference).select("attack_id", other="found")
    both = ours.join(theirs, on="attack_id").with_columns(origin(ours))
    mine, other = pl.col("found"), pl.col("other")
    counts = both.select(
        attacks=pl.len(),
        both=(mine & other).sum(),
        only_side=(mine & ~other).sum(),
        only_reference=(~mine & other).sum(),
        neither=(~mine & ~other).sum(),
    ).row(0, named=True)
    net = both.group_by("origin").agg(net=mine.cast(pl.Int64).sum() - other.cast(pl.Int64).sum())["net"]
    won, lost = int((net > 0).sum()), int((net < 0).sum())
    remark = _remark(ours["kind"].first() == "union", won, lost)
    tested = {"won": won, "lost": lost, "p": mcnemar(won, lost), "remark": remark}
    return {"side": side, "reference": reference, **counts, **tested}


def _remark(is_union: object, won: int, lost: int) -> str | None:
    if is_union and not lost:
        return "a union loses nothing that a part of it finds: one-sided by construction"
    if 0 < won + lost < FEWEST:
        return f"{won + lost} discordant: fewer than {FEWEST} cannot reach p <= 0.05"
    return None


def _false(ours: dict[str, Any] | None, theirs: dict[str, Any] | None) -> dict[str, Any]:
    """Compare two rates by the exact conditional test, by findings and by causes."""
    if ours is None or theirs is None:
        return {}
    result: dict[str, Any] = {}
    part = ours["days"] / (ours["days"] + theirs["days"])
    for name, test in (("false", "p_false"), ("causes", "p_causes")):
        mine, other = ours[name], theirs[name]
        result |= {name: mine, f"{name}_reference": other}
        if mine is not None and other is not None:
            result[test] = _two_sided(mine, mine + other, part)
    return result


def mcnemar(won: int, lost: int) -> float:
    """Return the exact two-sided p-value that two sides find attacks equally well.

    Parameters
    ----------
    won, lost
        What one found and the other did not; what both or neither found says nothing.

    Returns
    -------
    Twice the binomial tail, at most 1; 1 where the two never differ.

    Examples
    --------
    >>> mcnemar(9, 2), mcnemar(0, 0)
    (0.0654, 1.0)
    """
    return _two_sided(won, won + lost, 0.5)


def _two_sided(hits: int, n: int, chance: float) -> float:
    return float(stats.binomtest(hits, n, chance).pvalue) if n else 1.0


def _corrected(rows: pl.DataFrame) -> pl.DataFrame:
    columns = [pl.Series(f"{test}_holm", holm(rows[test].to_list()), pl.Float64) for test in _TESTS]
    return rows.with_columns(columns)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for their number by Holm's step-down; null stays null and counts for nothing.

    Examples
    --------
    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    order = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    least = 0.0
    for rank, (value, place) in enumerate(order):
        least = max(least, min(1.0, value * (len(order) - rank)))
        corrected[place] = least
    return corrected
