"""What each part is good for: each feature family left out, each detector left out of the combination."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError
from rtml.experiment.config import Experiment
from rtml.experiment.rehearsal import REHEARSED, chosen_side, rehearsal
from rtml.experiment.run import run_experiment
from rtml.features import FAMILIES
from rtml.models.training import RECOMMENDED
from rtml.once import keeping
from rtml.progress import steps
from rtml.reading.whole import require_new, write_parquet
from rtml.schema import COMBINED

__all__ = ["ABLATED", "WHOLE", "ablate", "ablate_on_test", "without"]

WHOLE = "nothing"
"""What is left out of the first row."""

ABLATED = pl.Schema(
    {
        "without": pl.String(),
        **REHEARSED,
        "lost": pl.Int64(),
        "more_false": pl.Int64(),
        "auroc_lost": pl.Float64(),
    }
)
"""One row per part left out, the whole first: what its side finds, and how many fewer found, more false
findings and how much less AUROC that is than with all parts (negative: better without)."""


def without(experiment: Experiment) -> dict[str, Experiment]:
    """Return the experiment whole, without each family, and without each member of the combination.

    Raises
    ------
    RtmlError
        It has one family and one detector: nothing can be left out.

    Examples
    --------
    >>> made = without(Experiment(families=["lineage", "files"], detectors=["surprise"]))
    >>> list(made), made["family lineage"].families
    (['nothing', 'family lineage', 'family files'], ['files'])
    """
    families = list(FAMILIES.own) if experiment.families is None else experiment.families
    made = {WHOLE: experiment}
    if len(families) > 1:
        for name in families:
            left = [other for other in families if other != name]
            made[f"family {name}"] = experiment.model_copy(update={"families": left})
    members = _members(experiment)
    if len(members) > 1:
        for name in members:
            left = [other for other in members if other != name]
            made[f"detector {name}"] = experiment.model_copy(update={"combine": left})
    if len(made) == 1:
        raise RtmlError("nothing can be left out: the experiment has one feature family and one detector")
    return made


def _members(experiment: Experiment) -> list[str]:
    if experiment.combine is not None:
        return experiment.combine
    kinds = {label: str(values.get("kind", label)) for label, values in experiment.detectors.items()}
    return [label for label, kind in kinds.items() if kind in RECOMMENDED]


def ablate(experiment: Experiment, side: str | None = None) -> pl.DataFrame:
    """Return `ABLATED`, rehearsed in the time before the test (`rtml.experiment.rehearsal`)."""
    with rehearsal(experiment) as stage, keeping():
        tables = {
            name: stage.judge(one) for name, one in steps(without(experiment).items(), "leaving out", "parts")
        }
    return _compared(tables, side)


def ablate_on_test(
    experiment: Experiment, out: Path, side: str | None = None, tracked: bool = True
) -> pl.DataFrame:
    """Return `ABLATED` on the test: a run per part in ``out``, each of which is a look at its labels.

    What is then chosen was chosen on the test; the count of looks beside the labels says so.
    """
    require_new(out)
    tables = {}
    for name, one in steps(without(experiment).items(), "leaving out", "parts"):
        outcome = run_experiment(one, out / f"without-{name.replace(' ', '-').replace('/', '-')}", tracked)
        models = outcome.ledger.summary.filter(pl.col("kind") == "model")
        columns = [
            pl.col(c).alias(n) for n, c in (("of", "attacks"), *((n, n) for n in REHEARSED if n != "of"))
        ]
        tables[name] = models.select(columns).select(pl.col(n).cast(kind) for n, kind in REHEARSED.items())
    table = _compared(tables, side)
    write_parquet(out / "ablation.parquet", table)
    return table


def _compared(tables: Mapping[str, pl.DataFrame], side: str | None) -> pl.DataFrame:
    """Lay the decisive side of each variant beside that of the whole."""
    decisive = chosen_side(tables[WHOLE], side)
    rows = [
        table.filter(pl.col("side") == _side_of(table, decisive)).with_columns(without=pl.lit(name))
        for name, table in tables.items()
    ]
    stacked, whole = pl.concat(rows), rows[0].row(0, named=True)
    return stacked.with_columns(
        lost=whole["found"] - pl.col("found"),
        more_false=pl.col("false") - whole["false"],
        auroc_lost=pl.lit(whole["auroc"], pl.Float64) - pl.col("auroc"),
    ).select(pl.col(name).cast(kind) for name, kind in ABLATED.items())


def _side_of(table: pl.DataFrame, decisive: str) -> str:
    """Return the side, or the one that is left of a combination of two."""
    names = table["side"].to_list()
    return decisive if decisive in names or decisive != COMBINED else str(names[0])
