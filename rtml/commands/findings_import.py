"""``rtml findings import``: alerts of other engines as findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments, names
from rtml.commands.output import console, print_json, write_parquet
from rtml.commands.progress import progress
from rtml.text import visible

__all__ = ["import_findings", "rejects_of"]


def import_findings(
    engine: Annotated[
        str,
        typer.Argument(
            metavar="ENGINE",
            help="falco, tetragon, tracee or one of a plug-in.",
            callback=arguments.one_of("alert format", names.ALERTS),
        ),
    ],
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="JSON lines; also .gz.", callback=arguments.existing),
    ],
    out: Annotated[Path, typer.Option("--out", help="Parquet file of findings.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Import alerts: `rtml findings import falco alerts.jsonl --out findings.parquet`.

    What is no alert (events without a policy, alerts of the host, broken lines) is counted, and
    kept with its line and reason beside `--out`, in `findings.rejects.parquet`. `rtml evaluate`
    sets the findings against labels, beside those of rules and models.
    """
    from rtml.findings.importing import read_alerts

    with progress(f"reading {len(inputs)} file(s)"):
        read = read_alerts(inputs, engine)
        write_parquet(read.findings, out)
        write_parquet(read.rejects, rejects_of(out))
    facts = {
        "alerts": read.alerts,
        "findings": read.findings.height,
        "lost": read.lost,
        "rejected": read.rejects.height,
        "reject_reasons": read.rejected,
    }
    if as_json:
        print_json(facts)
        return
    console.print(
        f"{out}: {read.alerts:,} alerts · {read.findings.height:,} findings ·"
        f"{f' lost {read.lost:,} ·' if read.lost else ''} rejected {read.rejects.height:,}",
        markup=False,
    )
    for reason, count in read.rejected.items():
        console.print(f"  rejected {count:,}: {visible(reason)}", markup=False)


def rejects_of(out: Path) -> Path:
    """Return the file beside ``out`` that takes what is no alert.

    Examples
    --------
    >>> rejects_of(Path("runs/findings.parquet")).name
    'findings.rejects.parquet'
    """
    return out.with_name(f"{out.stem}.rejects.parquet")
