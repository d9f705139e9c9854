"""``rtml baseline export``: what a workload does, as a profile or a policy of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments, names
from rtml.commands.baseline_options import Place
from rtml.commands.output import console

__all__ = ["export_baseline"]


def export_baseline(
    place: Place,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="kubescape, kubearmor, seccomp or falco.",
            callback=arguments.one_of("format", names.PROFILES),
        ),
    ],
    workload: Annotated[str, typer.Option("--workload", help="The peer group to write of.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Write a profile: `rtml baseline export B --format kubescape --workload web --out web.yaml`.

    Each file says in its head what was learnt from, how settled that is, and what the format could
    not take. Read it before you use it: an attack in the time of learning is allowed by it, too.
    """
    from rtml.commands.baseline_places import learnt_baseline
    from rtml.profiles.behaviour import behaviour_of
    from rtml.profiles.formats import FORMATS
    from rtml.reading.whole import write_text

    text = FORMATS[form](behaviour_of(learnt_baseline(place), workload))
    if out is None:
        typer.echo(text, nl=False)
        return
    write_text(out, text)
    console.print(f"{out}: {form}, {text.count(chr(10)):,} lines", markup=False)
