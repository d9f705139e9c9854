"""``rtml usage``: what was watched per account, cluster and month, and what it costs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

    from rtml.usage.prices import Prices

__all__ = ["usage"]

_MONEY = ("guardduty", "compute")


def usage(
    inputs: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Captures, folders of them, patterns.")
    ],
    hosts: Annotated[
        Path | None,
        typer.Option(
            "--hosts", help="All hosts (CSV: host, account, cluster, vcpus).", callback=arguments.existing
        ),
    ] = None,
    vcpus: Annotated[
        float, typer.Option("--vcpus", min=0.01, help="vCPUs of a host that --hosts does not tell.")
    ] = 1.0,
    prices: Annotated[
        Path | None, typer.Option("--prices", help="Your prices (YAML).", callback=arguments.existing)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say what was watched and what it costs: `rtml usage captures --hosts hosts.csv --vcpus 4`.

    A host-hour is a clock hour in which a host had an event. The column guardduty is what GuardDuty's
    Runtime Monitoring asks for that many vCPU-hours, by the dated list price that comes with rtml or by
    yours. Seconds of scoring are those of tracked jobs (MLFLOW_TRACKING_URI).
    """
    from rtml.tracking.scored import scoring_jobs
    from rtml.tracking.store import configured
    from rtml.usage.account import usage_of
    from rtml.usage.inventory import read_inventory
    from rtml.usage.prices import SHIPPED, read_prices
    from rtml.usage.seen import captures_in, seen

    asked = read_prices(prices or SHIPPED)
    listed = None if hosts is None else read_inventory(hosts)
    with progress("counting"):
        scored = scoring_jobs() if configured() else None
        table = usage_of(seen(captures_in(inputs)), asked, listed, vcpus, scored)
    if as_json:
        told = {"prices": asked.model_dump(mode="json"), "vcpus": vcpus, "usage": table.to_dicts()}
        print_json(told)
        return
    _show(table, asked, vcpus, hosts is None)


def _show(table: pl.DataFrame, prices: Prices, vcpus: float, unlisted: bool) -> None:
    import polars as pl

    shown = table.with_columns(pl.col(*_MONEY).round(2), pl.col("vcpu_hours", "scoring_seconds").round(1))
    print_table("", shown.columns, shown.rows())
    if table.is_empty():
        console.print("no events", markup=False)
    console.print(
        f"guardduty and compute in {prices.currency}, by prices as of {prices.as_of} ({prices.source});"
        f" a host that is not listed counts as {vcpus:g} vCPU",
        markup=False,
    )
    if unlisted:
        console.print("hosts that are not covered are not known: list all of them (--hosts)", markup=False)
    old = (dt.date.today() - prices.as_of).days
    if old > 365:
        console.print(f"! these prices are {old:,} days old", markup=False)
