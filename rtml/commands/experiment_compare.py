"""``rtml experiment compare``: finished runs side by side, over the same attacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table, write_parquet
from rtml.text import visible

if TYPE_CHECKING:
    import polars as pl

    from rtml.experiment.comparing_runs import Compared

__all__ = ["compare"]


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs.", callback=arguments.existing)
    ],
    against: Annotated[
        str | None, typer.Option("--against", help='Compare every side with this one: "RUN: SIDE".')
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the pairs as Parquet.", callback=arguments.new)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Compare runs attack by attack: `rtml experiment compare runs/a runs/b`.

    Each side is compared with the side of that name in the first run: who found what the other did not
    (McNemar, exact), whose rate of false findings differs (exact), both corrected by Holm over all pairs.
    Runs that were judged by other labels or over another time are refused.
    """
    from rtml.experiment.comparing_runs import compare_runs
    from rtml.experiment.finished import read_runs

    compared = compare_runs(read_runs(runs), against)
    if out is not None:
        write_parquet(compared.pairs, out)
    if as_json:
        print_json({"pairs": compared.pairs.to_dicts(), "alone": compared.alone.to_dicts()})
    else:
        _show(compared)


def _show(compared: Compared) -> None:
    columns = [
        "side",
        "against",
        "both",
        "only it",
        "only other",
        "p",
        "p Holm",
        "false",
        "other",
        "p",
        "p Holm",
    ]
    print_table("", columns, map(_row, compared.pairs.iter_rows(named=True)))
    for row in compared.pairs.drop_nulls("remark").iter_rows(named=True):
        console.print(f"  {visible(row['side'], 200)}: {row['remark']}", markup=False)
    for side, attacks in _by_side(compared.alone):
        console.print(f"  {visible(side, 400)}: {visible(attacks, 2000)}", markup=False, soft_wrap=True)
    console.print(
        "  found: McNemar exact over recordings; false findings: exact conditional test over container-days,"
        " which takes findings to be independent",
        markup=False,
    )


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    names = ("side", "reference", "both", "only_side", "only_reference", "p", "p_holm")
    tests = ("false", "false_reference", "p_false", "p_false_holm")
    return tuple(
        f"{row[name]:.3g}" if name[0] == "p" and row[name] is not None else row[name]
        for name in (*names, *tests)
    )


def _by_side(alone: pl.DataFrame) -> list[tuple[str, str]]:
    rows = alone.group_by("side", "reference", "by", maintain_order=True).agg("attack_id")
    return [
        (f"{by} alone (against {reference if by == side else side})", ", ".join(attacks))
        for side, reference, by, attacks in rows.iter_rows()
    ]
