"""``rtml experiment leaderboard``: every data set that is there, one table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments
from rtml.commands.dataset import PLACES
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress
from rtml.text import visible

if TYPE_CHECKING:
    from rtml.boards import Board

__all__ = ["leaderboard"]


def leaderboard(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Leaderboard file.", callback=arguments.configuration)
    ] = Path("experiments/leaderboard.yml"),
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Folder of data sets (repeatable).", callback=arguments.existing),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="New folder for results.", callback=arguments.new)
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this entry (repeatable).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Judge every set that is there: `rtml experiment leaderboard experiments/leaderboard.yml --data ~/data`.

    Sets are looked for in --data, in ./datasets and in ../shared/data, prepared or as published. Written are
    board.parquet, board.csv, board.md and the data cards.
    """
    from rtml.boards.config import load_leaderboard, only_of
    from rtml.boards.running import run_leaderboard
    from rtml.boards.written import write_board

    board = only_of(load_leaderboard(config), only or [])
    with progress("leaderboard"):
        made = run_leaderboard(board, [*(data or []), *PLACES])
    stamp = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H-%M-%S}-{board.name}"
    place = write_board(made, out or Path("runs") / stamp)
    if as_json:
        print_json(made.table.to_dicts())
    else:
        _print(made, place)


def _print(made: Board, place: Path) -> None:
    from rtml.boards.shown import COLUMNS, cells, limits

    for (name,), rows in made.table.partition_by("set", as_dict=True, maintain_order=True).items():
        shown = (cells(row, brief=True) for row in rows.iter_rows(named=True))
        print_table(f"{visible(str(name))} (a row is a {visible(rows['row'][0])})", COLUMNS, shown)
        for what in ("protocol", "published_protocol"):
            if rows[what][0] is not None:
                console.print(f"  {what.replace('_', ' '):<18}  {visible(rows[what][0], 400)}", markup=False)
        for text in limits(rows):
            console.print(f"  {'limit':<18}  {visible(text, 400)}", markup=False)
        console.print()
    for name, reason in made.failed.items():
        console.print(f"failed    {visible(name)}: {visible(reason, 1000)}", markup=False)
    for one in made.absent:
        console.print(f"absent    {one.name}: {one.what}; from {one.origin}", markup=False)
    console.print(f"files     {place}", markup=False)
