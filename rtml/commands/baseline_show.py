"""``rtml baseline show``: how much of the behaviour a baseline knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands.baseline_options import Families, Place, Workloads
from rtml.commands.output import print_facts, print_json, print_table

if TYPE_CHECKING:
    import polars as pl

    from rtml.baselines import Baseline

__all__ = ["show"]

_MATURITY = ("events", "contexts", "keys", "containers")


def show(
    place: Place,
    workload: Workloads = None,
    family: Families = None,
    top: Annotated[
        int, typer.Option("--top", help="Also the N most usual keys of every context.", min=0)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say how much is known: `rtml baseline show B --workload web --top 5`.

    `new` is the chance that the next event is something never seen, with its 95 % interval, from the
    container-minutes under `minutes`; a group is mature when the upper end is at most 5 %. What an
    immature one is judged by, beside its own history, stands under `leans on`.
    """
    from rtml.baselines.groups import containers_of, of_families, of_groups
    from rtml.baselines.leaning import leaning
    from rtml.baselines.usual import usual
    from rtml.commands.baseline_places import learnt_baseline
    from rtml.features.families import all_conditionals
    from rtml.profiles.settled import with_drawn

    (settled,) = with_drawn(learnt_baseline(place))
    baseline = of_families(settled, family or [])
    chosen = of_groups(baseline, workload or [])
    groups = containers_of(chosen)
    table = leaning(baseline.counts, all_conditionals().values()).filter(_among(groups))
    keys = usual(chosen.counts, top) if top else None
    if as_json:
        facts = {**_facts(place, chosen), "maturity": table.to_dicts(), "groups": groups.to_dicts()}
        print_json(facts if keys is None else {**facts, "usual": keys.to_dicts()})
        return
    print_facts({name: _shown(value) for name, value in _facts(place, chosen).items()})
    _print_maturity(table)
    if keys is not None:
        _print_usual(keys)


def _among(groups: pl.DataFrame) -> pl.Expr:
    import polars as pl

    return pl.col("group").is_in(groups["group"].to_list())


def _facts(place: str, baseline: Baseline) -> dict[str, Any]:
    """Return what heads the page; `first_seen` is when the oldest count began."""
    import polars as pl

    population, counts = baseline.population(), baseline.counts
    first = counts.select(pl.col("first_seen").min()).item()
    return {
        "baseline": place,
        "containers": population["container"].n_unique(),
        "events": int(population["count"].sum()),
        "counts": counts.height - population.height,
        "images": counts["image"].drop_nulls().n_unique(),
        "since": None if first is None else first.isoformat(),
    }


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_maturity(table: pl.DataFrame) -> None:
    mature = table["mature"].sum()
    rows = [
        [
            row["group"],
            row["family"],
            *(row[name] for name in _MATURITY),
            "" if row["minutes"] is None else f"{row['minutes']:,.0f}",
            f"{row['unseen']:.1%}",
            f"{row['low']:.1%} – {row['high']:.1%}",
            "yes" if row["mature"] else "no",
            _leans(row),
        ]
        for row in table.sort("group", "family").to_dicts()
    ]
    columns = ["workload", "family", *_MATURITY, "minutes", "new", "[95 %]", "mature", "leans on"]
    print_table(f"\nmature {mature} of {table.height}", columns, rows)


def _leans(row: dict[str, Any]) -> str:
    """Say what an immature group leans on, and how much that knows itself."""
    if row["mature"]:
        return ""
    if row["leans_on"] is None:
        return "(its family is not installed)"
    if row["leans_events"] is None:
        return str(row["leans_on"])
    return f"{row['leans_on']} ({row['leans_unseen']:.1%} new of {row['leans_events']:,})"


def _print_usual(keys: pl.DataFrame) -> None:
    from rtml.baselines.conditional import SEPARATOR

    rows = [
        [
            row["group"],
            row["family"],
            (row["subject"] or "").replace(SEPARATOR, " < ") or "-",
            row["key"],
            row["containers"],
            row["count"],
            f"{row['share']:.1%}" if row["share"] is not None else "",
            f"+{row['others']}" if row["others"] else "",
        ]
        for row in keys.to_dicts()
    ]
    columns = ["workload", "family", "given", "key", "containers", "count", "share", "others"]
    print_table("\nusual", columns, rows)
