"""Findings that come in: which of them are judged, which are not and why. None is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.errors import RtmlError
from rtml.findings.about import about

__all__ = ["STRANGERS", "account"]

STRANGERS = 0.01
"""Share of a side's findings that may lie where nothing is judged: above it the side is refused."""

_NAMED = 3
Bounds = tuple[object, object]
_REASONS = {
    "user": "are about users of the Kubernetes API, not about containers",
    "nobody": "name no container",
    "unknown": "name containers that the capture does not hold",
    "infrastructure": "are about containers of the infrastructure",
    "unobserved": "are about containers that were not observed in the test",
    "after": "begin after the test ends",
    "before": "lie before the test",
}
"""Why findings are not judged; those before the test are what any detector has, the others are strange."""


def account(
    findings: pl.DataFrame,
    side: str,
    observed: Iterable[str],
    known: Iterable[str] | None,
    infrastructure: Iterable[str],
    test: tuple[pl.Expr, pl.Expr] | None,
) -> list[str]:
    """Count the findings that will not be judged, by reason.

    Parameters
    ----------
    findings
        A `FINDINGS` frame.
    side
        Named in errors.
    observed, known, infrastructure
        Containers of the test windows, of the capture (null: not known), and those not judged in it.
    test
        When the test begins and ends; null: all of the time.

    Returns
    -------
    One sentence per reason; none where all are judged.

    Raises
    ------
    RtmlError
        A finding has no time or ends before it begins, or more than `STRANGERS` of all lie where nothing is
        judged: they are of another capture, or would be left out unseen.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> at = pl.Series([0]).cast(pl.Datetime("ns", "UTC"))
    >>> other = conform(pl.DataFrame({"container_id": "d", "first_seen": at, "last_seen": at}), FINDINGS)
    >>> account(other, "forest", ["c"], None, [], None)
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: forest: 1 of 1 findings name containers that the capture does not hold ('d'); ...
    """
    _refuse_odd_times(findings, side)
    rows = findings.select(
        pl.coalesce("container_id", pl.col("containers").list.first()).alias("container"),
        why=_why(observed, known, infrastructure, test),
    ).drop_nulls("why")
    counts = rows.group_by("why").agg(pl.len(), names=pl.col("container").drop_nulls().unique().sort())
    notes = {}
    for why, number, names in counts.iter_rows():
        text = f"{number} of {findings.height} findings {_REASONS[why]}{_listed(why, names)}"
        if why not in ("before", "user") and number > STRANGERS * findings.height:
            raise RtmlError(
                f"{side}: {text}; give the capture that they were made from, or leave them out of the file"
            )
        notes[why] = f"{text}: not judged"
    return [notes[why] for why in _REASONS if why in notes]


def _listed(why: str, names: list[str]) -> str:
    if not names or why in ("before", "after"):
        return ""
    more = ", …" if len(names) > _NAMED else ""
    return f" ({', '.join(repr(name) for name in names[:_NAMED])}{more})"


def _why(
    observed: Iterable[str],
    known: Iterable[str] | None,
    infrastructure: Iterable[str],
    test: tuple[pl.Expr, pl.Expr] | None,
) -> pl.Expr:
    seen = set(observed)
    nowhere = pl.col("container_id").is_null() & (pl.col("containers").list.len().fill_null(0) == 0)
    before, after = pl.lit(False), pl.lit(False)
    if test is not None:
        before, after = pl.col("last_seen") < test[0], pl.col("first_seen") >= test[1]
    return (
        pl.when(nowhere & pl.col("actor").is_not_null())
        .then(pl.lit("user"))
        .when(nowhere)
        .then(pl.lit("nobody"))
        .when(about(infrastructure))
        .then(pl.lit("infrastructure"))
        .when(~about(seen if known is None else seen | set(known)) & (pl.lit(known is not None) | ~before))
        .then(pl.lit("unknown"))
        .when(before)
        .then(pl.lit("before"))
        .when(after)
        .then(pl.lit("after"))
        .when(~about(seen))
        .then(pl.lit("unobserved"))
    )


def _refuse_odd_times(findings: pl.DataFrame, side: str) -> None:
    timeless = findings.select((pl.col("first_seen").is_null() | pl.col("last_seen").is_null()).sum()).item()
    if timeless:
        raise RtmlError(f"{side}: {timeless} of {findings.height} findings have no first_seen or last_seen")
    wrong = findings.filter(pl.col("last_seen") < pl.col("first_seen"))
    if wrong.height:
        raise RtmlError(
            f"{side}: {wrong.height} of {findings.height} findings end before they begin, the first "
            f"{wrong['finding_id'][0]!r}: last_seen lies before first_seen"
        )
