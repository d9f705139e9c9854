"""``rtml findings export``: findings in the shape that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml import registered
from rtml.commands import arguments, names
from rtml.commands.output import console
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

__all__ = ["app"]

app = typer.Typer(help="Export findings.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep ``export`` a command of its own while it is the only one."""


@app.command()
def export(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Findings, as rtml wrote them.", callback=arguments.existing),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write; default: standard output.", callback=arguments.local),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help=f"{', '.join(registered.EXPORTS)}.",
            callback=arguments.one_of("format", names.EXPORTS),
        ),
    ] = "jsonl",
    capture: Annotated[
        str | None,
        typer.Option(
            "--capture",
            help="The capture: fills in command lines, parents, files, events.",
            callback=arguments.capture,
        ),
    ] = None,
    attack: Annotated[
        str,
        typer.Option(
            "--attack",
            help="ATT&CK ids: as 'written' by rules, or of 'v18' or 'v19'.",
            callback=arguments.one_of("ATT&CK version", names.ATTACK),
        ),
    ] = "written",
    account: Annotated[
        str,
        typer.Option("--account", help="AWS account of findings that name none.", callback=arguments.account),
    ] = "000000000000",
    region: Annotated[
        str, typer.Option("--region", help="AWS region that formats of AWS name.", callback=arguments.region)
    ] = "us-east-1",
) -> None:
    """Write findings for other tools: `rtml findings export findings.parquet --format ocsf --out f.jsonl`.

    `docs/formats.md` lists the formats, who reads them and by what they were validated. Secrets of command
    lines are hidden; what a model says never carries the type of a rule. `jsonl` and `parquet` are the table
    itself, which `rtml evaluate` reads back. Technique ids are those that the rules' authors wrote, of ATT&CK
    v18 or v19; `--attack v19` makes them all of one version.
    """
    from rtml.errors import lookup
    from rtml.findings.attack import with_attack
    from rtml.findings.exports import EXPORTS, Origin
    from rtml.findings.reading import read_findings
    from rtml.reading.whole import write_bytes

    chosen = lookup(EXPORTS, form, "format")
    findings = with_attack(read_findings(file), attack)
    if capture is not None:
        findings = _told(findings, capture)
    content = chosen.write(findings, Origin(account, region))
    if out is None:
        typer.echo(content, nl=False)
        return
    with progress("writing"):
        write_bytes(out, content)
    console.print(f"{out}: {findings.height:,} findings", markup=False)


def _told(findings: pl.DataFrame, place: str) -> pl.DataFrame:
    """Fill findings from a capture; what is of another one is left as it is, and counted."""
    from rtml.captures import open_captures
    from rtml.findings.context import with_context

    capture = open_captures([place])
    with progress("reading the events of findings"):
        told = with_context(findings, capture.events(), capture.processes(), capture.audit())
    silent = told.filter(told["evidence"].is_not_null() & told["events"].is_null()).height
    if silent:
        typer.echo(
            f"{silent:,} of {told.height:,} findings show no event of {place}: of another capture?", err=True
        )
    return told
