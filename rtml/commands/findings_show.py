"""``rtml findings show``: the incidents of files of findings, gravest first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table

__all__ = ["show_incidents"]


def show_incidents(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Findings of models, of rules.", callback=arguments.existing),
    ],
    capture: Annotated[
        str | None, typer.Option("--capture", help="The capture: tells who planted programs, and restarts.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Incidents to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of a table.")] = False,
) -> None:
    """List incidents, gravest first: `rtml findings show scored/findings.parquet --capture captures/day`.

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
    columns = ("severity", "first seen", "findings", "technique", "what")
    print_table(f"{table.height:,} incidents", columns, map(_row, table.head(top).iter_rows(named=True)))
    if table.height > top:
        console.print(f"and {table.height - top:,} more (--top)", markup=False)


def _row(incident: dict[str, Any]) -> tuple[object, ...]:
    guess = [f"{incident['guess']}?"] if incident["guess"] else []
    what = [(incident["title"] or "")[:160], *([incident["maturity"]] if incident["maturity"] else [])]
    return (
        f"{incident['severity']:.1f}",
        incident["first_seen"],
        f"{incident['findings']} by {len(incident['detectors'])}",
        ", ".join(incident["techniques"][:3] or guess),
        " — ".join(what),
    )
