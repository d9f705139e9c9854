"""``rtml findings show``: the incidents of files of findings, gravest first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table
from rtml.text import visible

if TYPE_CHECKING:
    import polars as pl

__all__ = ["show_incidents"]


def show_incidents(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Findings of models, of rules; or folders of results.",
            callback=arguments.existing,
        ),
    ],
    capture: Annotated[
        str | None, typer.Option("--capture", help="The capture: tells who planted programs, and restarts.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Incidents to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of a table.")] = False,
) -> None:
    """List incidents, gravest first: `rtml findings show scored --capture captures/day`.

    Findings of one process tree, of several detectors and rules, of programs that one tree planted and
    another ran, and of what a program does again after a restart are one incident. A technique with a
    question mark is a guess from what was touched. Where hardly anything was known of a group, its incidents
    say so.
    """
    import polars as pl

    from rtml.captures import open_captures
    from rtml.findings.incidents import incidents, planted
    from rtml.findings.reading import read_findings
    from rtml.findings.resumed import resumed

    opened = open_captures([capture]) if capture else None
    found = pl.concat([read_findings(file) for file in files])
    tables = None if opened is None else (opened.events(), opened.processes())
    links = None if tables is None else planted(*tables)
    again = None if tables is None else resumed(found, *tables)
    table = incidents(found, links, again)
    if as_json:
        print_json(table.head(top).to_dicts())
        return
    if table.is_empty():
        where = ", ".join(visible(str(file)) for file in files)
        console.print(f"0 incidents: there is no finding in {where}", markup=False)
        return
    columns = ("severity", "first seen", "container", "findings", "technique", "what")
    shown = table.head(top)
    print_table(f"{table.height:,} incidents", columns, map(_row, shown.iter_rows(named=True)))
    if table.height > top:
        console.print(f"and {table.height - top:,} more (--top)", markup=False)
    for sentence in _hardly_known(shown):
        console.print(f"! {visible(sentence, 1000)}", markup=False, soft_wrap=True)


def _row(incident: dict[str, Any]) -> tuple[object, ...]:
    guess = [f"{incident['guess']}?"] if incident["guess"] else []
    return (
        f"{incident['severity']:.1f}",
        incident["first_seen"],
        (incident["container_id"] or "")[:12],
        f"{incident['findings']} by {len(incident['detectors'])}",
        ", ".join(incident["techniques"][:3] or guess),
        (incident["title"] or "")[:160],
    )


def _hardly_known(shown: pl.DataFrame) -> list[str]:
    """Say of which workloads little was known, once each."""
    young = shown.drop_nulls("maturity").unique(["workload", "maturity"], maintain_order=True)
    first = young.unique("workload", keep="first", maintain_order=True)
    return [
        f"{workload or '?'}: {said}" for workload, said in first.select("workload", "maturity").iter_rows()
    ]
