"""What a peer group that knows little leans on: the next wider history of its back-off.

An estimate of an immature group hands much of its mass to the more general level
(`rtml.baselines.backoff`): first to all workloads of the image repository, then to the fleet. Here
it is said which of the two has anything to offer, and how mature *that* is.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.baselines.conditional import FLEET, REPOSITORY, Conditional
from rtml.baselines.counting import POPULATION
from rtml.baselines.groups import grouped
from rtml.baselines.maturity import MATURE, estimate, maturity

__all__ = ["NOTHING", "leaning"]

NOTHING = "nothing"
"""What a group leans on that is all the history there is."""

_GROUP = ["family", "group"]


def leaning(
    counts: pl.DataFrame, conditionals: Iterable[Conditional], threshold: float = MATURE
) -> pl.DataFrame:
    """Estimate maturity, and say of every immature group which wider history it leans on.

    A wider history counts when it holds more events than the group's own; the same evidence is not
    leant on twice.

    Parameters
    ----------
    counts
        Rows of `rtml.baselines.counting.COUNTS`, of all groups.
    conditionals
        Whose levels say whether there is a way to the repository and to the fleet. Families of
        which none is given lean on nothing that is known (null).
    threshold
        As for `maturity`.

    Returns
    -------
    Rows of `maturity` with ``containers`` (of the group, that showed anything of this family),
    ``leans_on`` (``repository NAME``, ``fleet`` or `NOTHING`; null for a mature group),
    ``leans_events`` (of that history) and ``leans_unseen`` (its own P(next event unseen)). A group
    that runs images of several repositories is told of the one with most events.

    Examples
    --------
    >>> from rtml.baselines.conditional import Level, Selection
    >>> from rtml.baselines.counting import COUNTS
    >>> rows = [{"family": "f.x", "workload": w, "repository": "r", "key": "k", "container": w, "count": n}
    ...         for w, n in (("web", 5), ("app", 995))]
    >>> child = Conditional("f.x", Selection(("exec",), ("exe",)), pl.col("exe"), pl.lit(""),
    ...                     (Level("workload"), Level("repository"), Level("fleet")))
    >>> leaning(pl.DataFrame(rows, COUNTS), [child]).select("group", "mature", "leans_on").rows()
    [('app', True, None), ('web', False, 'repository r')]
    """
    named = grouped(counts.filter(pl.col("family") != POPULATION))
    ways = {one.name: {level.peers for level in one.levels} for one in conditionals}
    rows = maturity(counts, threshold).join(_homes(named), on=_GROUP, how="left")
    rows = rows.join(_wider(named, ["family", "repository"], "_r"), on=["family", "repository"], how="left")
    rows = rows.join(_wider(named, ["family"], "_f"), on="family", how="left")
    choices = [
        ("_r", pl.lit("repository ") + pl.col("repository"), _having(ways, REPOSITORY)),
        ("_f", pl.lit("fleet"), _having(ways, FLEET)),
    ]
    return _chosen(rows, choices, list(ways)).sort(_GROUP)


def _having(ways: dict[str, set[str]], level: str) -> list[str]:
    return [family for family, levels in ways.items() if level in levels]


def _homes(named: pl.DataFrame) -> pl.DataFrame:
    """Return per family and group its number of containers, and the repository with most events."""
    containers = named.group_by(_GROUP).agg(containers=pl.col("container").n_unique().cast(pl.Int64))
    known = named.filter(pl.col("repository").is_not_null())
    sums = known.group_by(*_GROUP, "repository").agg(pl.col("count").sum())
    ordered = sums.sort("count", "repository", descending=[True, False])
    homes = ordered.unique(_GROUP, keep="first", maintain_order=True).drop("count")
    return containers.join(homes, on=_GROUP, how="left")


def _wider(named: pl.DataFrame, by: list[str], suffix: str) -> pl.DataFrame:
    table = estimate(named.drop_nulls(by), by)
    return table.select(*by, pl.col("events", "unseen").name.suffix(suffix))


def _chosen(
    rows: pl.DataFrame, choices: list[tuple[str, pl.Expr, list[str]]], families: list[str]
) -> pl.DataFrame:
    """Take the first wider history that holds more than the group's own."""
    immature = ~pl.col("mature")
    holds = [
        immature & pl.col("family").is_in(having) & (pl.col(f"events{suffix}") > pl.col("events"))
        for suffix, _, having in choices
    ]
    told = zip(holds, choices, strict=True)
    names = [pl.when(hold).then(name) for hold, (_, name, _) in told]
    known = pl.when(immature & pl.col("family").is_in(families)).then(pl.lit(NOTHING))
    values = {
        f"leans_{what}": pl.coalesce(
            pl.when(hold).then(pl.col(f"{what}{suffix}"))
            for hold, (suffix, _, _) in zip(holds, choices, strict=True)
        )
        for what in ("events", "unseen")
    }
    extra = [f"{what}{suffix}" for what in ("events", "unseen") for suffix, _, _ in choices]
    chosen = rows.with_columns(pl.coalesce(*names, known).alias("leans_on"), **values)
    return chosen.drop(*extra, "repository")
