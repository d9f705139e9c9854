"""``rtml findings sample``: one finding of every type, to try a connection with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml import registered
from rtml.commands import arguments, names
from rtml.commands.output import console

__all__ = ["sample_findings"]


def sample_findings(
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
    account: Annotated[
        str, typer.Option("--account", help="AWS account to name.", callback=arguments.account)
    ] = "000000000000",
    region: Annotated[
        str, typer.Option("--region", help="AWS region to name.", callback=arguments.region)
    ] = "us-east-1",
) -> None:
    """Write samples: `rtml findings sample --format ocsf --out samples.jsonl`.

    One invented finding of every type that rtml can report, flagged as a sample in every format. Their ids
    are the same each time, so that sending them again makes no more of them.
    """
    from rtml.errors import lookup
    from rtml.findings.exports import EXPORTS, Origin
    from rtml.findings.samples import samples
    from rtml.reading.whole import write_bytes

    findings = samples()
    content = lookup(EXPORTS, form, "format").write(findings, Origin(account, region))
    if out is None:
        typer.echo(content, nl=False)
        return
    write_bytes(out, content)
    console.print(f"{out}: {findings.height:,} samples, one of every type", markup=False)
