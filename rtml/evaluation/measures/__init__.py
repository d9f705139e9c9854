"""Measures of a judged side, by name: one function each, registered here.

What each means, and when it misleads: ``docs/measures.md``. They stand in a long table (`ROWS`) beside the
ledger's summary, one row per side and measure. A measure that the data cannot carry is null with its reason.
None adjusts points: a hit marks nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from rtml.errors import MissingError, did_you_mean
from rtml.evaluation.measure import Measure
from rtml.evaluation.measures.base_rate import PREVALENCES, precision_at
from rtml.evaluation.measures.delay import delay_events, delay_seconds
from rtml.evaluation.measures.false_findings import false_rate, false_rate_by_cause
from rtml.evaluation.measures.found import found, found_by_container, found_by_technique
from rtml.evaluation.measures.material import Material
from rtml.evaluation.measures.mcc import mcc
from rtml.evaluation.measures.processes import attack_coverage, processes_to_inspect
from rtml.evaluation.measures.ranks import auroc, average_precision, partial_auroc, tpr_at_fpr
from rtml.evaluation.roc import FPRS
from rtml.numbers import shortly

__all__ = ["COMPANION", "REGISTERED", "ROWS", "Material", "measure_all", "measure_rows", "wide"]

REGISTERED: dict[str, Callable[[Material], Measure]] = {
    "found": found,
    "found_by_container": found_by_container,
    "found_by_technique": found_by_technique,
    "false_rate": false_rate,
    "false_rate_by_cause": false_rate_by_cause,
    "auroc": auroc,
    "average_precision": average_precision,
    "partial_auroc": partial_auroc,
    **{f"tpr_at_fpr_{rate}": partial(tpr_at_fpr, rate=rate) for rate in FPRS},
    "mcc": mcc,
    **{f"precision_at_{share}": partial(precision_at, prevalence=share) for share in PREVALENCES},
    "delay_seconds": delay_seconds,
    "delay_events": delay_events,
    "processes_to_inspect": processes_to_inspect,
    "attack_coverage": attack_coverage,
}
"""Every measure, in the order of the table."""

COMPANION = {"auroc": "average_precision"}
"""What is shown beside a measure whenever that is shown, for alone it misleads."""

ROWS = pl.Schema(
    {
        "side": pl.String(),
        "measure": pl.String(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "method": pl.String(),
        "reason": pl.String(),
    }
)
"""One row per side and measure: value, 95 % interval, how that was made, why something is missing."""


def measure_all(material: Material) -> dict[str, Measure]:
    """Return every registered measure of one judged side."""
    return {name: of(material) for name, of in REGISTERED.items()}


def measure_rows(sides: Mapping[str, Mapping[str, Measure]]) -> pl.DataFrame:
    """Return the measures of all sides as one long table (`ROWS`).

    Examples
    --------
    >>> measure_rows({"forest": {"mcc": Measure(0.5, 0.4, 0.6, "bootstrap")}}).row(0)[:5]
    ('forest', 'mcc', 0.5, 0.4, 0.6)
    """
    rows = [
        (side, name, of.value, of.low, of.high, of.method, of.reason)
        for side, measures in sides.items()
        for name, of in measures.items()
    ]
    return pl.DataFrame(rows, schema=ROWS, orient="row")


def wide(rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Return one row per side and a column per measure, as text: value and interval, or "-".

    Parameters
    ----------
    rows
        `ROWS`.
    names
        Measures to show; none shows all. What must not stand alone brings its `COMPANION`.

    Raises
    ------
    MissingError
        A name is not a measure.

    Examples
    --------
    >>> rows = measure_rows({"forest": {"auroc": Measure(0.9, 0.8, 1.0), "average_precision": Measure(0.1)}})
    >>> wide(rows, "auroc").row(0)
    ('forest', '0.9 [0.8 – 1]', '0.1')
    """
    unknown = [name for name in names if name not in REGISTERED]
    if unknown:
        raise MissingError(f"no measure {unknown[0]!r}; {did_you_mean(unknown[0], REGISTERED)}")
    wanted = {*names, *(COMPANION[name] for name in names if name in COMPANION)} or set(REGISTERED)
    shown = [name for name in REGISTERED if name in wanted]
    texts = {(row["side"], row["measure"]): _text(row) for row in rows.iter_rows(named=True)}
    sides = rows["side"].unique(maintain_order=True)
    columns = {name: [texts.get((side, name), "-") for side in sides] for name in shown}
    return pl.DataFrame({"side": sides, **columns})


def _text(row: Mapping[str, float | None]) -> str:
    if row["value"] is None:
        return "-"
    value, low, high = (shortly(row[name], none="") for name in ("value", "low", "high"))
    return value if not low else f"{value} [{low} – {high}]"
