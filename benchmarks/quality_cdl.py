"""``python -m benchmarks.quality_cdl``: who finds attacks in published system-call counts, and how early.

Learns on benign runs alone (8 of 12), takes thresholds from the other 4, and judges 60 attacks of 15
CVEs as those did whose results stand beside ours: *false* windows are flagged before the attack
begins, an attack is *found* when a window is flagged from its begin to its success (that very window
counts), *lead* is the time from the first of them to success, mean over those found. How they divided
the benign runs is not known: it may be otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.cdl_judging import (
    Combination,
    Margins,
    Outcome,
    best_column,
    by_quantile,
    by_tail,
    margins,
    together,
)
from benchmarks.cdl_runs import SHARED, Container, container, cves, disagreements, published
from rtml.arrays import Array
from rtml.detectors import DETECTORS, detector_class, make_detector
from rtml.errors import UnknownNameError

AIM = 0.001
"""Share of benign windows that a threshold may flag: half of what is to be reached, as time drifts."""
REACH = (0.2, 54)
"""False windows in percent at most, attacks of 60 found at least."""
DRAWN = {"random", "isolation_forest", "sklearn:IsolationForest", "half_space_trees"}
TOGETHER = ("largest_z", "pca_residual")
"""One looks at each column by itself, the other for columns that leave their company."""
BOTH: dict[str, tuple[Combination, int]] = {
    "both, mean margin": (np.mean, 1),
    "both, larger margin": (np.max, 1),
    "both, mean of 3 windows": (np.mean, 3),
}
"""How the margins of two detectors become one, and over how many windows."""
PUBLISHED_RATE = 0.0075
"""False windows of the best published results, for a coin that flags as many."""

Results = Mapping[str, Mapping[int, list[Outcome]]]


def rows(data: Container, seeds: list[int], aim: float) -> Iterator[tuple[str, int, list[Outcome]]]:
    """Yield every row of the table for one CVE: who, seed, outcomes."""
    sides: dict[str, Margins] = {}
    for kind in (*DETECTORS.own, "sklearn:IsolationForest"):
        for seed in seeds if kind in DRAWN else seeds[:1]:
            detector = make_detector(kind, {}, seed)
            if detector_class(kind).trivial:
                yield kind, seed, by_quantile(data, detector, aim)
                continue
            try:
                sides[kind] = margins(detector, data)
            except UnknownNameError:
                continue  # it needs features that only events give
            yield kind, seed, by_tail(data, sides[kind], aim)
    for seed in seeds:
        coin = make_detector("random", {}, seed)
        yield f"random at {PUBLISHED_RATE:.2%}", seed, by_quantile(data, coin, PUBLISHED_RATE)
    both = [sides[kind] for kind in TOGETHER]
    for who, (how, last) in BOTH.items():
        yield who, seeds[0], by_tail(data, together(both, how, last), aim)
    yield "best column (oracle)", seeds[0], best_column(data, aim)


def measure(names: list[str], seeds: list[int], aim: float = AIM) -> dict[str, dict[int, list[Outcome]]]:
    """Return the outcomes of every row, by who and seed, over all these CVEs.

    Raises
    ------
    ValueError
        The published results count other windows than ours.
    """
    results: dict[str, dict[int, list[Outcome]]] = {}
    for cve in track(names, "CVEs", transient=True):
        data = container(cve)
        for fault in disagreements(data.attacks):
            raise ValueError(fault)
        for who, seed, outcomes in rows(data, seeds, aim):
            results.setdefault(who, {}).setdefault(seed, []).extend(outcomes)
    return results | of_others(names)


def of_others(names: list[str]) -> dict[str, dict[int, list[Outcome]]]:
    """Return what others published of these CVEs, as ours."""
    results: dict[str, dict[int, list[Outcome]]] = {}
    for row in published().filter(pl.col("cve").is_in(names)).iter_rows(named=True):
        attack = f"{row['cve']}/{row['run']}"
        one = Outcome(attack, row["fp"], row["fp"] + row["tn"], bool(row["detected"]), row["lead_s"])
        results.setdefault(f"published: {row['method']}", {0: []})[0].append(one)
    return results


def numbers(outcomes: list[Outcome]) -> tuple[float, int, float]:
    """Return false windows in percent, attacks found, and mean lead of those in seconds."""
    false = 100 * sum(one.false for one in outcomes) / sum(one.before for one in outcomes)
    leads = [one.lead for one in outcomes if one.found]
    return false, len(leads), float(np.mean(leads)) if leads else float("nan")


def show(results: Results) -> Table:
    """Return the table: median over seeds, with the range where a detector draws at random."""
    attacks = max(len(ones) for seeds in results.values() for ones in seeds.values())
    table = Table(box=None, pad_edge=False)
    for name in ("who", "false windows %", f"found of {attacks}", "lead s", "reached"):
        table.add_column(name, justify="left" if name == "who" else "right")
    for who, seeds in results.items():
        each = np.array([numbers(ones) for ones in seeds.values()])
        false, found, lead = each.T
        reached = np.median(false) <= REACH[0] and np.median(found) >= REACH[1] / 60 * attacks
        cells = [_spread(false, "{:.2f}"), _spread(found, "{:.0f}"), _spread(lead, "{:.1f}")]
        table.add_row(who, *cells, "yes" if reached else "no")
    return table


def unseen(results: Results) -> list[str]:
    """Return the attacks that no detector of ours found with any seed, coins and oracle apart."""
    ours = {who: seeds for who, seeds in results.items() if who in DETECTORS.own or who in BOTH}
    real = [seeds for who, seeds in ours.items() if who in BOTH or not DETECTORS[who].trivial]
    every = [one for seeds in real for ones in seeds.values() for one in ones]
    return sorted({one.attack for one in every} - {one.attack for one in every if one.found})


def _spread(values: Array, form: str) -> str:
    known = values[~np.isnan(values)]
    if not len(known):
        return "-"
    middle, low, high = (form.format(f(known)) for f in (np.median, np.min, np.max))
    return middle if low == high else f"{middle} ({low} - {high})"


def main(
    seeds: Annotated[list[int] | None, typer.Option(help="seeds of detectors that draw at random")] = None,
    only: Annotated[list[str] | None, typer.Option(help="CVEs; all 15 if none is named")] = None,
    aim: Annotated[float, typer.Option(help="share of benign windows that a threshold may flag")] = AIM,
) -> None:
    """Measure detection in published system-call counts.

    Example: python -m benchmarks.quality_cdl --seeds 1 --only CVE-2017-5638
    """
    console = Console(width=110)
    if not SHARED.is_dir():
        console.print(f"skipped: {SHARED} is absent")
        return
    results = measure(only or cves(), seeds or [1, 2, 3, 4, 5], aim)
    blind = [kind for kind in DETECTORS.own if kind not in results]
    console.print(show(results))
    console.print(
        f"thresholds flag {aim:.2%} of held-out benign windows; to reach: at most {REACH[0]} % false"
        f" windows and {REACH[1]} of 60 found",
        f"no row, as only events give their features: {', '.join(blind)}",
        f"found by no detector of ours: {', '.join(unseen(results)) or 'none'}",
        sep="\n",
        markup=False,
    )


if __name__ == "__main__":
    typer.run(main)
