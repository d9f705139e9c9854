"""How much was known of a peer group when it was judged: carried by the findings of immature groups.

A group that was seen for twelve minutes does much for the first time. Its events are compared with the
history of its repository and of the fleet as well (`rtml.baselines.backoff`), its alarms start where those of
all groups do, as far as its own calibration is short (`Calibration.borrowed`); and what it does for the first
time says the less, the more of that was to be expected (`rtml.models.explaining.severity`).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.baselines import Baseline
from rtml.baselines.conditional import SEPARATOR
from rtml.baselines.counting import POPULATION
from rtml.baselines.groups import grouped
from rtml.baselines.leaning import NOTHING, leaning
from rtml.baselines.maturity import MATURE, estimate
from rtml.features.families import all_conditionals
from rtml.models.calibration import Calibration
from rtml.models.explaining.wording import many
from rtml.peers import peer_group
from rtml.text import visible

__all__ = ["KNOWN", "NEVER", "known", "with_known"]

KNOWN = pl.Schema(
    {"peers": pl.String(), "family": pl.String(), "expected": pl.Float64(), "maturity": pl.String()}
)
"""One row per peer group and family, and per group one of all families together (family ``""``).
``expected`` is the upper end of P(next event unseen), ``maturity`` says it in words; 0 and null where it is
mature."""

NEVER = "this group was never seen before: all that it does is new, and it is judged by the history of others"
"""Said of a group of which nothing was learnt."""

_CELL = ["group", "family"]


def known(baseline: Baseline, calibration: Calibration, budget: float) -> pl.DataFrame:
    """Return `KNOWN` for findings of one detector.

    Parameters
    ----------
    baseline
        What was learnt.
    calibration
        Of the detector: it knows how much of a group's threshold is that of all groups.
    budget
        False findings per container-day.
    """
    rows = baseline.once("known", lambda: _told(baseline))
    mature = pl.col("high") <= MATURE
    borrowed = {group: calibration.borrowed(group) for group in rows["group"].unique()}
    said = [
        None if row["high"] <= MATURE else _sentence(row, borrowed[row["group"]])
        for row in rows.iter_rows(named=True)
    ]
    return rows.select(
        pl.col("group").alias("peers"),
        "family",
        pl.when(mature).then(0.0).otherwise("high").alias("expected"),
        pl.Series("maturity", said, dtype=pl.String),
    )


def _told(baseline: Baseline) -> pl.DataFrame:
    """Estimate maturity per group and family, and per group, and say what each leans on."""
    counts = grouped(baseline.counts.filter(pl.col("family") != POPULATION))
    subject = pl.concat_str("family", "subject", separator=SEPARATOR, ignore_nulls=True)
    named = counts.with_columns(subject=subject, family=pl.col("family").str.extract(r"^([^.]*)"))
    together = pl.concat([named, named.with_columns(family=pl.lit(""))])
    return estimate(together, _CELL).join(_leant_on(baseline), on=_CELL, how="left").sort(_CELL)


def _leant_on(baseline: Baseline) -> pl.DataFrame:
    """Return per group and family, and per group, the wider history that most of its events lean on."""
    table = leaning(baseline.counts, all_conditionals().values()).drop_nulls("leans_on")
    named = table.with_columns(family=pl.col("family").str.extract(r"^([^.]*)"))
    both = pl.concat([named, named.with_columns(family=pl.lit(""))])
    sums = both.group_by(*_CELL, "leans_on").agg(pl.col("events").sum())
    ordered = sums.sort("events", "leans_on", descending=[True, False])
    return ordered.unique(_CELL, keep="first", maintain_order=True).drop("events")


def _sentence(row: dict[str, Any], borrowed: float) -> str:
    """Say how long a group was seen, how much of what comes is expected to be new, what it leans on."""
    minutes = "" if row["minutes"] is None else f" for {row['minutes']:,.0f} container-minutes"
    what = f"its next {many(row['family'])} are" if row["family"] else "what it does next is"
    span = f"{_percent(row['unseen'])} ({_percent(row['low'])} – {_percent(row['high'])})"
    other = row["leans_on"]
    leans = "" if other in (None, NOTHING) else f"it is judged by the history of {visible(other, 100)} too, "
    return (
        f"this group was seen{minutes}: {span} of {what} expected to be new;"
        f" {leans}{_percent(borrowed)} of its threshold is that of all groups"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.{0 if share >= 0.1 or share == 0 else 1}f} %"


def with_known(rows: pl.DataFrame, table: pl.DataFrame | None, family: str) -> pl.DataFrame:
    """Add ``expected`` and ``maturity`` by the peer group of rows and their family.

    Parameters
    ----------
    rows
        With `rtml.schema.IDENTITY`.
    table
        `KNOWN`; None: nothing is known of maturity, and nothing is said.
    family
        Column that names a family; a family of which nothing was learnt is judged as all together, a group
        of which nothing was learnt is `NEVER`.
    """
    if table is None:
        silent = {"expected": pl.lit(0.0), "maturity": pl.lit(None, pl.String)}
        return rows.with_columns(**silent)
    whole = table.filter(pl.col("family") == "").drop("family")
    placed = rows.with_columns(_peers=peer_group(rows.columns), _family=pl.col(family))
    own = placed.join(
        table.rename({"peers": "_peers", "family": "_family"}),
        on=["_peers", "_family"],
        how="left",
        maintain_order="left",
    )
    every = own.join(
        whole.rename({"peers": "_peers"}), on="_peers", how="left", suffix="_all", maintain_order="left"
    )
    has = pl.col("expected").is_not_null()
    seen = pl.col("expected_all").is_not_null()
    return every.with_columns(
        expected=pl.coalesce("expected", "expected_all").fill_null(1.0),
        maturity=pl.when(has).then("maturity").when(seen).then("maturity_all").otherwise(pl.lit(NEVER)),
    ).drop("_peers", "_family", "expected_all", "maturity_all")
