"""``rtml dataset list`` and ``rtml dataset prepare``: public data sets, from files that the user has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments, names
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress
from rtml.text import visible

__all__ = ["PLACES", "app"]

app = typer.Typer(help="Data sets to compare on.", no_args_is_help=True)

PLACES = [Path("datasets"), Path("../shared/data")]
"""Where sets are looked for besides what is named: our own recordings, and data beside the repository."""

Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder of data sets (repeatable).", callback=arguments.existing),
]


@app.command("list")
def list_sets(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Print every data set that is known: `rtml dataset list --data ~/data`.

    Nothing is downloaded: `from` says whose it is. Sets are looked for in --data, in ./datasets and in
    ../shared/data.
    """
    from rtml.datasets import DATASETS
    from rtml.datasets.finding import find

    rows = []
    for name, one in DATASETS.working():
        place = find(one, [*(data or []), *PLACES])
        there = "absent" if place is None else f"{'prepared' if place[1] else 'there'}: {place[0]}"
        rows.append(
            {
                "name": name,
                "what": one.what,
                "present": there,
                "size": one.size,
                "licence": one.licence,
                "from": one.origin,
                "published protocol": one.published_protocol,
                "tried on": one.tried or "no real files, only small ones in the documented format",
            }
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        console.print(f"[bold]{row['name']}[/]")
        for key in [key for key in row if key != "name"]:
            console.print(f"  {key:<18}  {visible(row[key], 1000)}", markup=False)


@app.command()
def prepare(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="As `list` names it.", callback=arguments.one_of("data set", names.DATASETS)
        ),
    ],
    source: Annotated[
        Path, typer.Option("--from", help="Folder with the set's files.", callback=arguments.existing)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New folder; ./prepared/NAME unless given.", callback=arguments.new),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the data card as JSON.")] = False,
) -> None:
    """Read your files of a data set: `rtml dataset prepare cdl --from ../shared/data/cdl`.

    The folder appears whole, with a data card: row counts, hashes, what was refused and why.
    """
    from rtml.datasets import dataset_of
    from rtml.datasets.preparing import prepare as read

    place = out or Path("prepared") / name
    arguments.new(place)
    with progress(f"reading {name}"):
        card = read(dataset_of(name), source, place)
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    print_table(f"{name}: {place}", ("count", ""), card.counts.items())
    print_table("rejected", ("reason", "records"), card.rejects.items() or [("nothing", 0)])
    for note in card.notes:
        console.print(f"note  {visible(note)}", markup=False)
    if card.tried is None:
        console.print("note  no real file of this set was tried when the reader was written", markup=False)
    console.print(f"card  {place / 'card.md'}", markup=False)
