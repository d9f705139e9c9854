"""``rtml findings suppress``: suppression rules over a file of findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments
from rtml.commands.archived import suppression_lines
from rtml.commands.output import console, print_json, write_parquet
from rtml.commands.progress import progress
from rtml.errors import UsageError
from rtml.text import visible

__all__ = ["suppress_findings"]


def suppress_findings(
    file: Annotated[
        Path,
        typer.Argument(metavar="FINDINGS", help="Findings, as rtml wrote them.", callback=arguments.existing),
    ],
    rules: Annotated[
        Path, typer.Option("--rules", help="Suppression rules (YAML).", callback=arguments.existing)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Parquet file of the findings that remain.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be archived, write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Archive findings: `rtml findings suppress f.parquet --rules quiet.yml --out kept.parquet`.

    Archived findings go beside `--out`, into `kept.suppressed.parquet`, with the rule, its owner
    and its reason. A rule that has expired archives nothing. `--dry-run` only counts.
    """
    if out is None and not dry_run:
        raise UsageError("give --out FILE for the findings that remain, or --dry-run")
    if out is not None and out.absolute() == file.absolute():
        raise UsageError(f"{out}: is the input; run twice, it would lose what was archived first")
    from rtml.findings.reading import read_findings
    from rtml.findings.suppression.archiving import archive_of, suppress
    from rtml.findings.suppression.files import read_suppressions

    with progress("suppressing"):
        done = suppress(read_findings(file), read_suppressions(rules))
        if out is not None and not dry_run:
            write_parquet(done.archived, archive_of(out))
            write_parquet(done.kept, out)
    if as_json:
        print_json(
            {
                "kept": done.kept.height,
                "archived": done.archived.height,
                "dry_run": dry_run,
                "suppressions": done.account.to_dicts(),
            }
        )
        return
    place = "dry run" if dry_run else str(out)
    console.print(
        f"{place}: {done.kept.height:,} findings remain · {done.archived.height:,} archived", markup=False
    )
    for line in suppression_lines(done):
        console.print(f"  {visible(line, 500)}", markup=False)
