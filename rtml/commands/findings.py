"""``rtml findings export``: findings in the shape that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments, names
from rtml.commands.output import console
from rtml.commands.progress import progress

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
        Path | None, typer.Option("--out", help="File to write; default: standard output.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="jsonl.", callback=arguments.one_of("format", names.EXPORTS))
    ] = "jsonl",
    attack: Annotated[
        str,
        typer.Option(
            "--attack",
            help="ATT&CK ids: as 'written' by rules, or of 'v18' or 'v19'.",
            callback=arguments.one_of("ATT&CK version", names.ATTACK),
        ),
    ] = "written",
) -> None:
    """Write findings as JSON lines: `rtml findings export findings.parquet --format jsonl`.

    One object per finding with the columns of the table; times are ISO 8601 in UTC. `rtml evaluate`
    reads such a file back. Technique ids are those that the rules' authors wrote, of ATT&CK v18 or
    v19; `--attack v19` makes them all of one version.
    """
    from rtml.errors import lookup
    from rtml.findings.attack import with_attack
    from rtml.findings.jsonl import jsonl
    from rtml.findings.reading import read_findings
    from rtml.reading.whole import write_text

    write = lookup({"jsonl": jsonl}, form, "format")
    text = write(with_attack(read_findings(file), attack))
    if out is None:
        typer.echo(text, nl=False)
        return
    with progress("writing"):
        write_text(out, text)
    console.print(f"{out}: {text.count(chr(10)):,} findings", markup=False)
