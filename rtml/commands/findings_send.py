"""``rtml findings send``: findings to where people look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml import registered
from rtml.commands import arguments
from rtml.commands.output import console, print_json
from rtml.commands.progress import progress
from rtml.errors import RtmlError

__all__ = ["send_findings"]

_SPOOL = Path(".rtml-spool")


def send_findings(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Findings, as rtml wrote them.", callback=arguments.existing),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", help=f"SINK=TARGET; sinks: {', '.join(registered.SINKS)}.", callback=arguments.sink
        ),
    ],
    spool: Annotated[
        Path, typer.Option("--spool", help="Folder of what did not arrive.", callback=arguments.local)
    ] = _SPOOL,
    account: Annotated[
        str,
        typer.Option("--account", help="AWS account of findings that name none.", callback=arguments.account),
    ] = "000000000000",
    region: Annotated[
        str, typer.Option("--region", help="AWS region.", callback=arguments.region)
    ] = "us-east-1",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Send findings: `rtml findings send f.parquet --to falcosidekick=http://localhost:2801/`.

    Batches, tried again with back-off. What arrived is never sent again; what did not is kept in the spool
    and sent first next time (exit code 1). A finding that changed is sent again under its id. Secrets come
    from the environment only (docs/formats.md).
    """
    from rtml.errors import lookup
    from rtml.findings.exports import Origin
    from rtml.findings.reading import read_findings
    from rtml.findings.sinks import SINKS
    from rtml.findings.sinks.delivering import send

    name, _, target = to.partition("=")
    with progress("sending"):
        sent = send(read_findings(file), lookup(SINKS, name, "sink"), target, spool, Origin(account, region))
    if as_json:
        print_json(vars(sent))
    elif name != "stdout":
        known = f" · {sent.known:,} had arrived before" if sent.known else ""
        console.print(f"{name}: {sent.delivered:,} findings delivered{known}", markup=False)
    if sent.kept:
        why = "; ".join(f"{reason} ({count:,})" for reason, count in sent.reasons.items())
        raise RtmlError(f"{name}: {sent.kept:,} findings kept in {spool} for the next time: {why}")
