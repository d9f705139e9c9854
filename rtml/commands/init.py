"""``rtml init``: from somebody's own files to an experiment that fits them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments
from rtml.commands.names import AUTO
from rtml.commands.output import console, print_json
from rtml.commands.progress import progress
from rtml.reading.urls import is_url
from rtml.text import visible

__all__ = ["init"]

_CAPTURE = "capture.json"


def init(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Captures, or a sensor's files.", callback=arguments.existing),
    ],
    out: Annotated[Path, typer.Option("--out", help="New experiment file.", callback=arguments.new)] = Path(
        "first.yml"
    ),
    to: Annotated[
        Path | None,
        typer.Option("--capture", help="New capture for a sensor's files.", callback=arguments.new),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Write an experiment that fits your captures: `rtml init /var/log/tetragon.log --out first.yml`.

    Files of a sensor are imported first (`rtml capture import auto`), into captures/NAME beside the
    experiment NAME.yml. All of the time is taken for benign: half of it is learnt, a quarter calibrates, the
    last quarter is scored. Says what so much data can promise, and what not yet.
    """
    with progress("looking"):
        captures = _captures(paths, to or out.parent / "captures" / out.stem)
        from rtml.captures import open_captures
        from rtml.experiment.proposed import proposed

        proposal = proposed(open_captures(captures), captures, out.stem)
        proposal.write(out)
    if as_json:
        print_json({"experiment": str(out), "captures": captures, "promises": proposal.promises})
        return
    for sentence in proposal.promises:
        console.print(f"- {visible(sentence, 1000)}", markup=False, soft_wrap=True)
    listed = " ".join(captures)
    console.print(
        f"\n{out} is written. Next:\n"
        f"  rtml train {listed} --config {out} --out models/{out.stem}\n"
        f"  rtml score {listed} --model models/{out.stem} --out scored/{out.stem}\n"
        f"  rtml findings show scored/{out.stem} --capture {captures[0]}",
        markup=False,
        soft_wrap=True,
    )


def _captures(paths: list[str], to: Path) -> list[str]:
    """Return the captures among the paths; the others are a sensor's files, and become one."""
    captures = [path for path in paths if is_url(path) or (Path(path) / _CAPTURE).is_file()]
    files = [path for path in paths if path not in captures]
    if not files:
        return captures
    from rtml.captures.importing import import_capture

    manifest = import_capture(AUTO, files, to)
    console.print(
        f"{to}: {manifest.events:,} events of {visible(manifest.sensor)}, {manifest.rejected:,} rejects",
        markup=False,
        soft_wrap=True,
    )
    return [*captures, str(to)]
