"""``rtml replay scorecard``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table
from rtml.errors import UsageError

if TYPE_CHECKING:
    from rtml.replays.scorecard import Row

__all__ = ["scorecard"]

Labels = Annotated[
    Path | None, typer.Option("--labels", help="Labels of the recording.", callback=arguments.existing)
]
Captured = Annotated[
    Path | None, typer.Option("--capture", help="Capture of the recording.", callback=arguments.existing)
]


def scorecard(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="Folder of a finished run.", callback=arguments.existing),
    ] = None,
    labels: Labels = None,
    capture: Captured = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say what of other people's catalogues is recorded, seen and found: `rtml replay scorecard RUN`.

    With `--labels` and `--capture` it tells what the recording holds; a run tells who found it, at
    which rate. It judges nothing itself.
    """
    if capture is not None and labels is None:
        raise UsageError("a capture alone does not say which attacks are in it; name its labels too")
    from rtml.captures import open_capture
    from rtml.evaluation.labels.reading import read_labels
    from rtml.experiment.finished import read_finished
    from rtml.replays.catalogue import catalogue
    from rtml.replays.coverage import coverage
    from rtml.replays.scorecard import scorecard as counted
    from rtml.replays.scorecard import seen_attacks

    attacks = catalogue()
    marked = read_labels(labels) if labels else None
    rows = counted(
        coverage(attacks),
        attacks,
        recorded=None if marked is None else marked["attack_id"].to_list(),
        seen=None
        if capture is None or marked is None
        else seen_attacks(open_capture(capture), marked, attacks),
        run=read_finished(run) if run else None,
    )
    if as_json:
        print_json([row.facts() for row in rows])
        return
    _print(rows)


def _print(rows: list[Row]) -> None:
    columns = ["catalogue", "chosen by others", "can be done here", "recorded", "the sensor sees"]
    known = [(r.name, r.chosen, r.here, r.recorded, r.seen) for r in rows]
    print_table("", columns, [["-" if cell is None else cell for cell in row] for row in known])
    if not any(row.found for row in rows):
        console.print("who finds what: name the folder of a run (`rtml experiment run`)", markup=False)
        return
    judged = [row for row in rows if row.judged]
    if not judged:
        console.print("no attack of the lab was judged in that run", markup=False)
        return
    heads = ["found of", *(f"{row.name}: {row.judged}" for row in judged), "false per container-day"]
    sides = zip(*(row.found for row in judged), strict=True)
    print_table(
        "", heads, [[one[0].side, *(each.found for each in one), _rate(one[0].rate)] for one in sides]
    )


def _rate(rate: float | None) -> str:
    return "not known" if rate is None else f"{rate:.2f}"
