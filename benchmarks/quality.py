"""``python -m benchmarks.quality``: who finds what on the shipped recordings, by kind and by grade of attack.

Every number is measured by running the experiment, with the seeds that are asked for: as it is, with the
attacks of sitting 2 left in the learning time, on the small lab recording; budgets on benign stretches
(`benchmarks.budgets`). By grade other recordings stand beside it, with the first seed. The last table judges
spliced trials: attacks of the test sitting put into benign test time of other containers. Each run opens a
test and is a look; with ``--out`` runs are kept, and what is there is read instead of run.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.budgets import show_budgets
from benchmarks.grades import beside, ledger_of, show_grades
from rtml.captures import open_captures
from rtml.evaluation import Ledger, read_labels
from rtml.evaluation.trees import attack_trees
from rtml.experiment.config import Experiment, load_experiment
from rtml.once import keeping
from rtml.replays.catalogue import HELD_OUT, catalogue
from rtml.report.headline import headline_table
from rtml.report.ledger_reading import read_ledger
from rtml.splicing.recorded import read_rejects
from rtml.splicing.splice import splice
from rtml.splicing.splice_files import splice_to

CONFIG = Path("experiments/demo.yml")
LAB = Path("experiments/lab.yml")
OTHERS = [Path("experiments/demo-v2.yml")]


def kinds() -> pl.DataFrame:
    """Every attack of the catalogue: quiet or loud, technique known before the test or not."""
    rows = [(a.id, "quiet" if a.quiet else "loud", a.technique in HELD_OUT) for a in catalogue().values()]
    schema = {"origin": pl.String, "volume": pl.String, "new": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def by_kind(ledger: Ledger) -> pl.DataFrame:
    """Found and all attacks per side: all, loud, quiet, known technique, technique only in test."""
    origin = pl.col("attack_id").str.split("~").list.first()
    each = ledger.attacks.with_columns(origin=origin).join(kinds(), on="origin", how="left")
    volume, new = pl.col("volume"), pl.col("new")
    groups = {
        "all": pl.col("found").is_not_null(),
        "loud": volume == "loud",
        "quiet": volume == "quiet",
        "known": ~new,
        "new": new,
    }
    return each.group_by("side", maintain_order=True).agg(
        pl.format("{} of {}", (pl.col("found") & group).sum(), group.sum()).alias(name)
        for name, group in groups.items()
    )


def show(console: Console, title: str, ledger: Ledger) -> None:
    """Print one ledger by kind of attack, with false findings and their rate."""
    judged = ledger.summary.select("side", "false", "rate", "rate_low", "rate_high")
    rows = by_kind(ledger).join(judged, on="side", how="left", maintain_order="left")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("side", "all", "loud", "quiet", "known", "new", "false", "per container-day"):
        table.add_column(name)
    for side, *found, false, rate, low, high in rows.iter_rows():
        table.add_row(side, *found, f"{false:.0f}", f"{rate:.3g} [{low:.3g} - {high:.3g}]")
    console.print(table)


def spliced(experiment: Experiment, folder: Path, trials: int, into: str = "peers") -> Experiment:
    """Put the attacks of the test into its benign time; return the experiment on that."""
    capture, labels = open_captures(experiment.capture), read_labels(Path(str(experiment.labels)))
    begin = experiment.split.test
    late = labels.filter(pl.col("start") >= pl.lit(begin))
    done = splice(
        capture,
        late,
        attack_trees(late, capture.processes().collect()),
        trials=trials,
        seed=experiment.seed,
        within=(begin, None),
        into=into,
    )
    splice_to(folder, done, read_rejects(capture))
    everything = pl.concat([labels.filter(pl.col("start") < pl.lit(begin)), done.labels])
    everything.write_parquet(folder / "all.parquet")
    return experiment.model_copy(
        update={"capture": [str(folder / "capture")], "labels": folder / "all.parquet"}
    )


def on_spliced(experiment: Experiment, place: Path, trials: int, into: str) -> Ledger:
    """Judge spliced trials; the capture that is made of them is not kept."""
    if place.is_dir():
        return read_ledger(place)
    with tempfile.TemporaryDirectory() as folder:
        return ledger_of(spliced(experiment, Path(folder) / "spliced", trials, into), place)


def over_seeds(ledgers: list[Ledger]) -> pl.DataFrame:
    """Median and range over seeds of what each side found and got wrong."""
    rows = pl.concat([ledger.summary.select("side", "found", "false", "changes") for ledger in ledgers])

    def span(name: str) -> pl.Expr:
        low, middle, high = (getattr(pl.col(name), what)().round(0) for what in ("min", "median", "max"))
        return pl.format("{} ({} - {})", *(value.cast(pl.Int64) for value in (middle, low, high))).alias(name)

    return rows.group_by("side", maintain_order=True).agg(span("found"), span("false"), span("changes"))


def new_finds(ledger: Ledger) -> dict[str, int]:
    """Count, per model, the attacks that neither tuned rules nor "first seen" found."""
    found = ledger.attacks.filter("found")
    known = found.filter(pl.col("side").is_in(["rules, tuned", "first seen"]))["attack_id"].unique()
    fresh = found.filter((pl.col("kind") == "model") & ~pl.col("attack_id").is_in(known.implode()))
    return dict(fresh.group_by("side").agg(pl.col("attack_id").n_unique()).sort("side").iter_rows())


def show_seeds(console: Console, title: str, ledgers: list[Ledger]) -> None:
    """Print found and false over seeds, and what only models find."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("side", "found", "false", "changes", "neither tuned rules nor first seen"):
        table.add_column(name)
    fresh = [new_finds(ledger) for ledger in ledgers]
    for side, found, false, changes in over_seeds(ledgers).iter_rows():
        counts = sorted(counts.get(side, 0) for counts in fresh)
        only = f"{counts[len(counts) // 2]} ({counts[0]} - {counts[-1]})" if counts[-1] else ""
        table.add_row(side, found, false, changes, only)
    console.print(table)


def judged(experiment: Experiment, seeds: list[int], place: Path) -> list[Ledger]:
    """Run an experiment with several seeds; features are made once for all of them."""
    with keeping():
        return [ledger_of(experiment.model_copy(update={"seed": seed}), place / f"{seed}") for seed in seeds]


def left_in(experiment: Experiment) -> Experiment:
    """Return the experiment of somebody who has no labels of the time before the test."""
    return experiment.model_copy(update={"split": replace(experiment.split, early_attacks="keep")})


def others(configs: list[Path], seed: int, place: Path) -> dict[str, Ledger]:
    """Judge other recordings with one seed, as they are and with early attacks left in."""
    ledgers = {}
    for number, config in enumerate(configs):
        experiment = load_experiment(config).model_copy(update={"seed": seed})
        for name, one in (("", experiment), (", left in", left_in(experiment))):
            ledger = beside(one, place / f"{number}{'-kept' if name else ''}")
            if ledger is not None:
                ledgers[f"{experiment.name}{name}"] = ledger
    return ledgers


def main(
    seeds: Annotated[list[int] | None, typer.Option(help="seeds; none: that of the experiment")] = None,
    trials: Annotated[int, typer.Option(help="spliced trials; 0: none")] = 150,
    into: Annotated[list[str] | None, typer.Option(help="into what: peers, rollouts, images")] = None,
    config: Annotated[Path, typer.Option(help="experiment")] = CONFIG,
    other: Annotated[list[Path] | None, typer.Option(help="experiments to lay beside it by grade")] = None,
    out: Annotated[Path | None, typer.Option(help="folder that keeps runs; those there are read")] = None,
) -> None:
    """Measure detection on the shipped recordings.

    Example: python -m benchmarks.quality --seeds 7 --trials 0
    """
    console, experiment = Console(width=190), load_experiment(config)
    wanted = seeds or [experiment.seed]
    with nullcontext(out) if out else tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        more = others(other or OTHERS, wanted[0], place / "others")
        clean = judged(experiment, wanted, place / "clean")
        show(console, f"{config} with seed {wanted[0]}", clean[0])
        show_seeds(console, f"{config}, seeds {wanted}: median (range)", clean)
        kept = judged(left_in(experiment), wanted, place / "kept")
        show_seeds(console, "the same with the attacks of sitting 2 left in the learning time", kept)
        ledgers = {experiment.name: clean[0], f"{experiment.name}, left in": kept[0], **more}
        for name, ledger in ledgers.items():
            console.print(f"{name}, seed {wanted[0]}", markup=False)
            console.print(headline_table(ledger, console.width))
        show_grades(console, ledgers)
        show_budgets(console, experiment)
        lab = judged(load_experiment(LAB), wanted, place / "lab")
        show_seeds(console, f"{LAB}, seeds {wanted}: median (range)", lab)
        for variant in into or ["peers"] if trials else []:
            ledger = on_spliced(experiment, place / f"run-{variant}", trials, variant)
            show(console, f"{trials} trials spliced into {variant} beside the recorded attacks", ledger)
    console.print("system calls of 15 CVEs (../shared/data/cdl): python -m benchmarks.quality_cdl")


if __name__ == "__main__":
    typer.run(main)
