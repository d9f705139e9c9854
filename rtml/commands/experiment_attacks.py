"""``rtml experiment attacks``: a finished run attack by attack, and why it missed what it missed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table, write_parquet
from rtml.commands.progress import progress

__all__ = ["attacks"]


def attacks(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.", callback=arguments.existing)],
    capture: Annotated[
        list[str], typer.Option("--capture", help="What it was judged on.", callback=arguments.capture)
    ],
    labels: Annotated[Path, typer.Option("--labels", help="Its labels.", callback=arguments.existing)],
    side: Annotated[str, typer.Option("--side", help="Model whose misses are explained.")] = "combined",
    grade: Annotated[list[int] | None, typer.Option("--grade", help="Only these grades.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it as Parquet.", callback=arguments.new)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say of every attack who found it, by what, or what stood in the way.

    `rtml experiment attacks RUN --capture C --labels L --grade 3 --grade 4`. The model of the run reads the
    capture again; this opens the labels and counts as a look. Never choose by it: that uses the test up.
    """
    from rtml.experiment.accounts import accounts

    with progress("accounting"):
        table, looks = accounts(run, capture, labels, side)
    if grade:
        table = table.filter(table["grade"].is_in(grade))
    if out is not None:
        write_parquet(table, out)
    if as_json:
        print_json(table.to_dicts())
        return
    columns = ["grade", "attack", "found by, from", "what surprises (bits)", "p", f"why {side} does not"]
    print_table("", columns, map(_row, table.iter_rows(named=True)))
    console.print(f"looks       {looks.sentence()}", markup=False)


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    found = [" ".join([side["side"], *_asked(side["asked"])]) for side in row["found"]]
    deeds = [" ".join([it["deed"], f"({it['bits']:.0f}{_marks(it)})"]) for it in row["surprises"]]
    rare = None if row["p_value"] is None else f"{row['p_value']:.2g}"
    return row["grade"], row["attack_id"], "; ".join(found), "; ".join(deeds), rare, row["obstacle"]


def _asked(budget: float | None) -> list[str]:
    return [] if budget is None else [f"{budget:g}"]


def _marks(surprise: dict[str, Any]) -> str:
    return ("" if surprise["seen"] else ", new") + (", shared" if surprise["shared"] else "")
