"""``rtml baseline learn``: what is normal, counted from captures into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import amounts, arguments
from rtml.commands.baseline_options import Families
from rtml.commands.output import console, print_json
from rtml.commands.progress import progress
from rtml.errors import RtmlError, UsageError

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["app"]

app = typer.Typer(help="Learn, describe, compare and export baselines.", no_args_is_help=True)


@app.command()
def learn(
    captures: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Captures.", callback=arguments.capture)
    ],
    out: Annotated[Path, typer.Option("--out", help="New folder of the baseline.", callback=arguments.new)],
    start: Annotated[
        str | None, typer.Option("--start", help="Only events from this moment on.", callback=amounts.time)
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", help="Only events before this moment.", callback=amounts.time)
    ] = None,
    family: Families = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable summary.")] = False,
) -> None:
    """Learn what is normal: `rtml baseline learn CAPTURE --out B --end 2026-11-24T10:20`.

    Choose a time that was benign: whatever is in it counts as usual. `rtml baseline show B` says how
    much of the behaviour is known; baselines of several captures learnt together are one.
    """
    bounds = _bounds(start, end)
    from rtml import features
    from rtml.captures import open_captures
    from rtml.reading.whole import whole_folder

    capture = open_captures(captures)
    with progress("learning"):
        baseline = features.learn(capture, None, family, *bounds)
        if baseline.empty:
            raise RtmlError(f"{', '.join(captures)}: nothing to learn: no event of a container in that time")
        with whole_folder(out) as half:
            baseline.save(half)
    facts = {
        "out": str(out),
        "containers": baseline.population().height,
        "counts": baseline.counts.height,
        "events": int(baseline.population()["count"].sum()),
    }
    if as_json:
        print_json(facts)
        return
    console.print(
        f"{out}: {facts['counts']:,} counts of {facts['events']:,} events · {facts['containers']} containers",
        markup=False,
    )


def _bounds(start: str | None, end: str | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return both moments; they must leave some time between them."""
    if start is None and end is None:
        return None, None
    from rtml.times import moment

    begin, until = (None if text is None else moment(text) for text in (start, end))
    if begin is not None and until is not None and begin >= until:
        raise UsageError(f"{start} is not before {end}: no time is left to learn from")
    return begin, until
