"""``python -m benchmarks.k8s_audit``: what the anomalous types find in an invented cluster, at which price.

Five drawings of `benchmarks.k8s_cluster`: 20 hours of it are learnt, 10 calibrated on, 10 judged; the 24
attacks lie in the last. It says how the machinery behaves, not how good it would be in your cluster: whoever
wrote the cluster wrote the attacks.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.k8s_cluster import BEGIN, CLUSTER, Planted, planted, usual
from rtml.captures import Capture, import_capture, open_capture
from rtml.models import Scored, train
from rtml.splits import Split

SEEDS = range(5)
LEARNT, CALIBRATED, JUDGED = 20 * 60, 30 * 60, 40 * 60
"""Minutes: learning ends, calibration ends, the log ends."""

GRACE = dt.timedelta(minutes=2)


def capture_of(folder: Path, lines: list[dict[str, object]]) -> Capture:
    """Write a log and import it."""
    (folder / "log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_capture("k8s-audit", [folder / "log"], folder / "capture")
    return open_capture(folder / "capture")


def drawn(seed: int, folder: Path, detectors: list[str]) -> tuple[Scored, list[Planted]]:
    """Draw a log, learn, and judge its last part."""
    rng = np.random.default_rng(seed)
    ordinary, attacks = list(usual(rng, JUDGED)), list(planted(rng, CALIBRATED + 5, JUDGED - 5))
    capture = capture_of(folder, [*ordinary, *(line for one in attacks for line in one.lines)])
    learnt, calibrated = (BEGIN + dt.timedelta(minutes=minutes) for minutes in (LEARNT, CALIBRATED))
    split = Split(learnt, calibrated)
    model = train(capture, detectors, split, families=["audit"], seed=seed)
    return model.score(capture, start=calibrated), attacks


def _hits(findings: pl.DataFrame, one: Planted) -> pl.DataFrame:
    """Return the findings about the user of an attack that overlap it."""
    begin = BEGIN + dt.timedelta(minutes=one.minute)
    mine = (pl.col("first_seen") <= begin + GRACE) & (pl.col("last_seen") >= begin - GRACE)
    return findings.filter(mine, pl.col("actor") == one.attack["user"]).sort("score", descending=True)


def rank_of(scores: pl.DataFrame, attacks: list[Planted], one: Planted) -> int:
    """Return how many benign windows (of any user) score at least as high as the attack's own."""
    table = scores.drop_nulls("score")
    spans = [(at.attack["user"], BEGIN + dt.timedelta(minutes=at.minute)) for at in attacks]
    attacked = pl.any_horizontal(
        (pl.col("container_id") == user) & pl.col("window").is_between(begin - GRACE, begin + GRACE)
        for user, begin in spans
    )
    begin = BEGIN + dt.timedelta(minutes=one.minute)
    mine = (pl.col("container_id") == one.attack["user"]) & pl.col("window").is_between(begin - GRACE, begin)
    best = table.filter(mine)["margin"].max()
    benign = table.filter(~attacked)["margin"]
    return benign.len() if best is None else int((benign >= best).sum())


def judged(scored: Scored, attacks: list[Planted], detector: str) -> list[dict[str, object]]:
    """Return one row per attack: found, with which type, and its rank; and one of what is false."""
    findings = scored.findings.filter(pl.col("detector") == detector)
    scores = scored.scores.filter(pl.col("detector") == detector)
    rows, right = [], set()
    for one in attacks:
        hits = _hits(findings, one)
        right |= set(hits["finding_id"])
        kinds = [kind.split(".")[-1].split("!")[-1] for kind in hits["type"]]
        facts = {"attack": one.attack["name"], "thief": one.thief, "found": hits.height > 0}
        typed = one.attack["kind"] in kinds
        rows.append({**facts, "typed": typed, "rank": rank_of(scores, attacks, one)})
    false = findings.filter(~pl.col("finding_id").is_in(list(right))).height
    return [*rows, {"attack": "", "false": false}]


def main(seeds: range = SEEDS, detectors: tuple[str, ...] = ("surprise",)) -> None:
    """Print, per attack and manner, in how many drawings it was found; false findings per user-day."""
    told, false = defaultdict(list), []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            scored, attacks = drawn(seed, Path(folder), list(detectors))
        *rows, cost = judged(scored, attacks, detectors[0])
        false.append(cost["false"])
        for row in rows:
            told[row["attack"], row["thief"]].append(row)
    table = Table(
        "attack", "by", "found", "with its type", "benign windows above it", box=None, pad_edge=False
    )
    for (name, thief), rows in sorted(told.items(), key=lambda item: (not item[0][1], item[0][0])):
        ranks = sorted(int(row["rank"]) for row in rows)
        said = (f"{sum(bool(row[key]) for row in rows)} of {len(rows)}" for key in ("found", "typed"))
        table.add_row(
            name, "thief" if thief else "quiet", *said, f"{ranks[len(ranks) // 2]} ({ranks[0]}-{ranks[-1]})"
        )
    days = len(CLUSTER["users"]) * (JUDGED - CALIBRATED) / 1440
    console = Console(width=110)
    console.print(table)
    console.print(f"false findings in {days:.1f} user-days, asked one a day: {false}")


if __name__ == "__main__":
    main()
