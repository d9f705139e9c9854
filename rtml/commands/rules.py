"""``rtml rules``: the rule baseline over a capture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands.output import console, print_json, print_table, progress, write_parquet

__all__ = ["rules"]

_COLUMNS = ["level", "events", "hits", "containers", "title", "authors", "why_not"]


def rules(
    captures: Annotated[list[str], typer.Argument(metavar="CAPTURE...", help="Captures.")],
    out: Annotated[Path | None, typer.Option("--out", help="Parquet file of findings.")] = None,
    sigma: Annotated[
        list[Path] | None, typer.Option("--sigma", help="Sigma file or folder (repeatable).")
    ] = None,
    falco: Annotated[
        list[Path] | None, typer.Option("--falco", help="Falco file or folder (repeatable).")
    ] = None,
    pack: Annotated[str, typer.Option("--pack", help="Our pack, or 'none'.")] = "container",
    every_rule: Annotated[bool, typer.Option("--all", help="Also rules without hits.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Run rules: `rtml rules CAPTURE --sigma rules/linux --out findings.parquet`.

    Falco's own files are given with `--falco`, in the order in which Falco would read them.

    A rule whose columns are all null in the capture could not match, which is said: it did not
    find nothing.
    """
    from rtml.captures import open_captures
    from rtml.rules import run_rules

    capture = open_captures(captures)
    with progress("running rules"):
        chosen = None if pack == "none" else pack
        findings, table, skipped = run_rules(capture, sigma or [], chosen, falco or [])
        if out is not None:
            write_parquet(findings, out)
    rows = table.sort(["hits", "rule"], descending=[True, False])
    if as_json:
        print_json({"rules": rows.to_dicts(), "findings": findings.height,
                    "skipped": [vars(each) for each in skipped]})  # fmt: skip
        return
    shown = rows if every_rule else rows.filter(rows["hits"] > 0)
    print_table("", _COLUMNS, shown.select(_COLUMNS).rows())
    silent = table.filter(~table["could_match"]).height
    console.print(
        f"{table.height} rules · {silent} could not match here · {len(skipped)} skipped ·"
        f" {findings.height:,} findings",
        markup=False,
    )
    for each in skipped:
        console.print(f"  skipped {each.file}: {each.reason}", markup=False)
