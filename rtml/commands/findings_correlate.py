"""``rtml findings correlate``: findings of one thing within a day as one attack sequence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, write_parquet
from rtml.commands.progress import progress
from rtml.text import visible

if TYPE_CHECKING:
    import polars as pl

__all__ = ["correlate"]

_MOST_SHOWN = 12


def correlate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FINDINGS...", help="Findings, as rtml wrote them.", callback=arguments.existing
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Parquet file of sequences.")] = None,
    suppress: Annotated[
        Path | None,
        typer.Option("--suppress", help="Suppression rules, to be left out.", callback=arguments.existing),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Find attack sequences: `rtml findings correlate audit.parquet runtime.parquet`.

    Findings of the same pod, container, API user, service account, workload or host within 24 hours
    that show at least two tactics by at least two finding types become one finding of severity 9.
    Archived findings (`….suppressed.parquet`, or what `--suppress` means) are no signals.
    """
    import polars as pl

    from rtml.findings.sequences.correlating import correlate as find
    from rtml.findings.suppression.archiving import suppress as archive
    from rtml.findings.suppression.files import read_suppressions
    from rtml.schema import FINDINGS

    with progress("correlating"):
        read = [_read(path) for path in files]
        findings = pl.concat([FINDINGS.to_frame(), *(remaining for remaining, _ in read)])
        archived = sum(number for _, number in read)
        if suppress is not None:
            done = archive(findings, read_suppressions(suppress))
            findings, archived = done.kept, archived + done.archived.height
        sequences = find(findings)
        if out is not None:
            write_parquet(sequences, out)
    if as_json:
        print_json({"sequences": sequences.to_dicts(), "findings": findings.height, "archived": archived})
        return
    _show(sequences, findings.height, archived)


def _read(path: Path) -> tuple[pl.DataFrame, int]:
    """Return the findings of a file and how many of its rows are archived ones."""
    import polars as pl

    from rtml.findings.reading import read_findings
    from rtml.reading.parquet import read_parquet

    findings = read_findings(path)
    if path.suffix == ".parquet" and "suppressed_by" in pl.read_parquet_schema(path):
        by = read_parquet(path, columns=["suppressed_by"])["suppressed_by"]
        return findings.filter(by.is_null()), by.len() - by.null_count()
    return findings, 0


def _show(sequences: pl.DataFrame, findings: int, archived: int) -> None:
    console.print(
        f"{sequences.height:,} attack sequences in {findings:,} findings"
        f" ({archived:,} archived ones left out)",
        markup=False,
    )
    for row in sequences.to_dicts():
        console.print(f"\n{row['severity']:.1f}  {visible(row['title'], 300)}", markup=False)
        span = f"{row['first_seen']:%Y-%m-%d %H:%M:%S} … {row['last_seen']:%Y-%m-%d %H:%M:%S}"
        console.print(f"     {span}  {row['finding_id']}", markup=False)
        for name in ("resources", "actors"):
            if row[name]:
                console.print(f"     {name}: {visible(', '.join(row[name]), 300)}", markup=False)
        _signals(row)


def _signals(row: dict[str, Any]) -> None:
    """Show the first finding of each tactic and type, with how many there are."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for signal in row["signals"]:
        groups.setdefault((signal["tactic"], signal["type"]), []).append(signal)
    for (tactic, kind), signals in list(groups.items())[:_MOST_SHOWN]:
        signal, times = signals[0], f" ×{len(signals)}" if len(signals) > 1 else ""
        console.print(
            f"     {signal['first_seen']:%H:%M:%S}  {tactic:<20}  {signal['severity'] or 0:.1f}"
            f"  {visible(kind, 80)}{times}  {visible(signal['title'] or '', 100)}"
            f"  [{visible(signal['finding_id'], 40)}]",
            markup=False,
            soft_wrap=True,
        )
    listed = len(row["signals"])
    if row["count"] > listed:
        console.print(f"     lists {listed:,} of {row['count']:,} findings", markup=False)
