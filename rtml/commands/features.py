"""``rtml features``: a capture becomes one row per container and window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import amounts, arguments, names
from rtml.commands.output import console, print_json, write_parquet
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

    from rtml.captures import Capture

__all__ = ["features"]


def features(
    captures: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Captures.", callback=arguments.capture)
    ],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            help="Baseline to compare with: its folder, or a model's folder or MLflow URI.",
            callback=arguments.baseline,
        ),
    ] = None,
    learn: Annotated[
        Path | None, typer.Option("--learn", help="Also learn a baseline here (a new folder).")
    ] = None,
    every: Annotated[
        str, typer.Option("--window", help="Length of a window.", callback=amounts.window)
    ] = "60s",
    family: Annotated[
        list[str] | None,
        typer.Option(
            "--family",
            help="Only these families (repeatable).",
            callback=arguments.one_of("feature family", names.FAMILIES),
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable summary.")] = False,
) -> None:
    """Compute features: `rtml features CAPTURE --baseline B --out windows.parquet`.

    Without --baseline each window is compared with the capture's own earlier time; windows of the
    first eighth have nothing before them: what needs history is null there.
    """
    from rtml import features as rooms
    from rtml.captures import open_captures

    capture = open_captures(captures)
    with progress("computing features"):
        table = _table(capture, baseline, family, every)
        write_parquet(table, out)
        if learn is not None:
            rooms.learn(capture, families=family).save(learn)
    facts = {
        "windows": table.height,
        "containers": table["container_id"].n_unique(),
        "features": len(rooms.feature_columns(table)),
        "out": str(out),
    }
    if as_json:
        print_json(facts)
    else:
        console.print(
            f"{out}: {table.height:,} windows of {facts['containers']} containers ·"
            f" {facts['features']} features",
            markup=False,
        )


def _table(capture: Capture, baseline: str | None, family: list[str] | None, every: str) -> pl.DataFrame:
    """Return windows compared with a baseline, else with the capture's own earlier time."""
    import polars as pl

    from rtml import features as rooms
    from rtml.commands.baseline_places import load_baseline

    if baseline is not None:
        return rooms.windows(capture, load_baseline(baseline), family, every)
    table, _ = rooms.prequential(capture, families=family, every=every)
    early = rooms.windows(capture, None, family, every)
    key = ["container_id", "window"]
    return pl.concat([early.join(table, on=key, how="anti"), table]).sort(key)
