"""Suppression rules: findings that somebody answers for, archived and counted, never dropped.

A rule says who wants it, why, until when, and which findings it matches: conditions on fields of
`rtml.schema.FINDINGS`, which must all hold. A rule that has expired suppresses nothing, and says
so. An archived finding keeps all its columns and gets the rule's name, owner and reason.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pydantic

from rtml.errors import UsageError
from rtml.findings.suppression.filters import condition
from rtml.schema import FINDINGS

__all__ = ["ARCHIVED", "SUPPRESSIONS", "Suppressed", "Suppression", "archive_of", "suppress"]

_UTC = pl.Datetime("ns", "UTC")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LIKE = "a day of the years 1970 to 2199 like 2027-01-31, or a time of it like 2027-01-31T12:00:00Z"
ARCHIVED = pl.Schema(
    {**FINDINGS, "suppressed_by": pl.String(), "owner": pl.String(), "reason": pl.String(), "expires": _UTC}
)
"""An archived finding, and the first rule that suppressed it."""

SUPPRESSIONS = pl.Schema(
    {
        "name": pl.String(),
        "owner": pl.String(),
        "reason": pl.String(),
        "expires": _UTC,
        "active": pl.Boolean(),
        "matched": pl.Int64(),
        "archived": pl.Int64(),
    }
)
"""One row per rule: findings it matches, and those that it archived (an earlier rule goes first)."""


class Suppression(pydantic.BaseModel):
    """One rule; ``expires`` is a time in UTC, a date means its end."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: str = pydantic.Field(min_length=1)
    owner: str = pydantic.Field(min_length=1)
    reason: str = pydantic.Field(min_length=1)
    expires: dt.datetime
    where: dict[str, Any] = pydantic.Field(min_length=1)

    @pydantic.field_validator("expires", mode="before")
    @classmethod
    def _end_of_day(cls, value: Any) -> Any:
        if isinstance(value, str) and _DAY.fullmatch(value):  # quoted, it is the same day
            value = dt.date.fromisoformat(value)
        if not isinstance(value, dt.date) and (not isinstance(value, str) or value.isdigit()):
            raise ValueError(_LIKE)  # a number may be of seconds, or a day without its signs
        if isinstance(value, dt.date) and not 1970 <= value.year < 2200:
            raise ValueError(_LIKE)
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return dt.datetime.combine(value, dt.time(), dt.UTC) + dt.timedelta(days=1)
        return value

    @pydantic.field_validator("expires")
    @classmethod
    def _utc(cls, value: dt.datetime) -> dt.datetime:
        if not 1970 <= value.year <= 2200:  # the end of the last day of 2199 is in 2200
            raise ValueError(_LIKE)
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)

    def matches(self) -> pl.Expr:
        """Return the expression over findings: all conditions hold; never null."""
        return pl.all_horizontal(condition(*test) for test in self._tests())

    def _tests(self) -> list[tuple[str, str, Any]]:
        return [
            (field, str(test), value)
            for field, asked in self.where.items()
            for test, value in _asked(field, asked).items()
        ]


def _asked(field: str, value: Any) -> dict[str, Any]:
    """Return tests and values; a bare value means equality, a bare list one of its values."""
    if value == {}:
        raise UsageError(f"{field}: no test; an empty condition would suppress everything")
    if isinstance(value, dict):
        return value
    return {"in": value} if isinstance(value, list) else {"equals": value}


@dataclass(frozen=True)
class Suppressed:
    """Findings that remain, those that were archived (`ARCHIVED`), the account (`SUPPRESSIONS`)."""

    kept: pl.DataFrame
    archived: pl.DataFrame
    account: pl.DataFrame


def suppress(
    findings: pl.DataFrame, rules: Sequence[Suppression], now: dt.datetime | None = None
) -> Suppressed:
    """Archive the findings that active rules match.

    Parameters
    ----------
    findings
        `rtml.schema.FINDINGS`.
    rules
        In order: a finding goes to the first rule that matches it.
    now
        Rules that expired by then do nothing; default: the present.

    Returns
    -------
    Kept and archived findings, in the order in which they came, are together all of them.
    """
    now = now or dt.datetime.now(dt.UTC)
    active = [rule.expires > now for rule in rules]
    matched = [findings.select(m=rule.matches())["m"] for rule in rules]
    by = pl.Series("by", [None] * findings.height, dtype=pl.Int32)
    for i in reversed(range(len(rules))):
        if active[i]:
            by = by.zip_with(~matched[i], pl.Series([i], dtype=pl.Int32))
    marked = findings.with_columns(by)
    archived = marked.drop_nulls("by").join(_facts(rules), on="by", maintain_order="left")
    account = [
        (
            rule.name,
            rule.owner,
            rule.reason,
            rule.expires,
            active[i],
            int(matched[i].sum()),
            int((by == i).sum()),
        )
        for i, rule in enumerate(rules)
    ]
    return Suppressed(
        marked.filter(pl.col("by").is_null()).drop("by"),
        archived.select(*ARCHIVED),
        pl.DataFrame(account, schema=SUPPRESSIONS, orient="row"),
    )


def _facts(rules: Sequence[Suppression]) -> pl.DataFrame:
    rows = [(i, r.name, r.owner, r.reason, r.expires) for i, r in enumerate(rules)]
    schema = {
        "by": pl.Int32(),
        "suppressed_by": pl.String(),
        "owner": pl.String(),
        "reason": pl.String(),
        "expires": _UTC,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def archive_of(out: Path) -> Path:
    """Return the file beside ``out`` that takes the archived findings.

    Examples
    --------
    >>> archive_of(Path("runs/findings.parquet")).name
    'findings.suppressed.parquet'
    """
    return out.with_name(f"{out.stem}.suppressed.parquet")
