"""``python -m benchmarks.families``: what each feature family adds to the surprise of attacks.

Trees are scored by the bits beyond chance, summed over families, highest of their windows; the baseline is
learnt from a time without attacks, block by block. The margin of an attack is its distance from the third
highest benign tree, in widths of the benign tail (99 % to 99.9 % quantile; a bit at least). The shipped
recording is judged in its second sitting alone: the third is the test.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from rtml import features
from rtml.captures import Capture, open_capture
from rtml.evaluation import read_labels
from rtml.features.families import FAMILIES
from rtml.features.prequential import prequential_windows
from rtml.features.source import Source
from rtml.models.judging import TREE

FOLDER = Path(__file__).parents[1] / "datasets" / "replays-v1"
LEARN_UNTIL, FROM, UNTIL = "2026-11-24T10:20:00", "2026-11-24T10:20:30", "2026-11-24T10:52:00"
_ABOVE = (0, 1, 2, 3, 5, 10, 30)


def attacks(capture: Capture, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the lineage root of every attack: `TREE`, ``attack_id``."""
    known = capture.processes().select(pl.col("host").cast(pl.String), "process_id", "root_id").unique()
    rooted = labels.join(known.collect(), on=["host", "process_id"], how="left")
    root = pl.coalesce("root_id", "process_id")
    return rooted.select("container_id", "attack_id", process_id=root).unique(TREE)


def bits(source: Source, names: list[str], learn: dt.datetime, judged: Source) -> pl.DataFrame:
    """Return the bits beyond chance of every tree and window: one column per family."""
    own = features.families_of(names)
    _, baseline = prequential_windows(source.between(None, learn), own, 8, beyond_peers=True)
    rows = features.assemble(judged, baseline, own, beyond_peers=True)
    return rows.select(*TREE, "window", *(f"{name}.bits_beyond" for name in names))


def row(rows: pl.DataFrame, names: list[str], attacked: pl.DataFrame) -> list[str]:
    """Return attacks above all but some benign trees, their lowest and median margins, the benign tail."""
    score = pl.sum_horizontal(f"{name}.bits_beyond" for name in names)
    trees = rows.group_by(TREE).agg(score=score.max())
    judged = trees.join(attacked, on=TREE, how="left", nulls_equal=True)
    benign = judged.filter(pl.col("attack_id").is_null())["score"].sort(descending=True).to_numpy()
    found = judged.drop_nulls("attack_id")["score"].to_numpy()
    high, higher = np.quantile(benign, [0.99, 0.999])
    margins = (found - benign[2]) / max(higher - high, 1.0)
    above = " ".join(str(int((found > benign[n]).sum())) for n in _ABOVE)
    lowest = f"{found.min() - benign[0]:.1f}"
    return [
        above,
        lowest,
        *(f"{np.quantile(margins, q):.2f}" for q in (0, 0.25, 0.5)),
        f"{high:.1f}, {higher:.1f}",
    ]


def main(
    folder: Annotated[Path, typer.Option(help="capture and labels.parquet")] = FOLDER,
    learn: Annotated[str, typer.Option(help="learn until (UTC)")] = LEARN_UNTIL,
    start: Annotated[str, typer.Option(help="judge from")] = FROM,
    end: Annotated[str, typer.Option(help="judge until")] = UNTIL,
) -> None:
    """Measure all families, and all but each."""
    begin, border, last = (
        dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in (learn, start, end)
    )
    capture = open_capture(folder / "capture")
    labels = read_labels(folder / "labels.parquet").filter(pl.col("start").is_between(border, last))
    names = [name for name in FAMILIES.own if FAMILIES[name].conditionals]
    source = features.source_of(capture, None, "60s", names, "tree")
    rows = bits(source, names, begin, source.between(border, last))
    attacked = attacks(capture, labels)
    table = Table("families", f"of {attacked.height}: above all but {_ABOVE}", "lowest - highest benign")
    for head in ("least margin", "quarter", "median", "benign 99, 99.9 %"):
        table.add_column(head)
    table.add_row("all", *row(rows, names, attacked))
    for name in names:
        table.add_row(f"without {name}", *row(rows, [other for other in names if other != name], attacked))
    Console(width=150).print(table)


if __name__ == "__main__":
    typer.run(main)
