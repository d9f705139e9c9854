"""``python -m benchmarks.quality_sysflow``: a compromised pod recorded by others (SysFlow, ../shared/data).

Ninety seconds of one Kubernetes pod: normal load, then a tool that is written to /tmp and run. Models learn
18 seconds of the first file and calibrate on the next 10; what follows is judged in windows of five seconds,
attacked by the published labels or not. Printed: how many attacked windows rank above all benign ones, in
two readings, because the labels follow lineage by parent and break where the recording does: from 21:32:05 to
21:32:25 the dropped tool (pid 17754) runs on, its `apt-get install` (18062) starts a `dpkg` (18101) without a
known parent, `pip install` (18118) and the intruder's shell (`tail malware.log`) work, all labelled benign.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import NamedTuple

import polars as pl
from rich.console import Console
from rich.table import Table

from rtml.captures import open_captures
from rtml.captures.importing import import_capture
from rtml.models import Scored, train
from rtml.splits import Split
from rtml.times import Window

FOLDER = Path("../shared/data/sysflow")
EVERY = Window.of("5s")
DETECTORS = ("surprise", "isolation_forest", "half_space_trees", "fading_gaussian")


class Rank(NamedTuple):
    """Attacked windows above every benign one, of how many, beside how many."""

    above: int
    attacked: int
    benign: int


def moment(second: int) -> dt.datetime:
    """Return a second after the recording began."""
    return dt.datetime(2018, 7, 16, 21, 31, 20, tzinfo=dt.UTC) + dt.timedelta(seconds=second)


def attacked(folder: Path) -> pl.Series:
    """Return the windows that hold a record labelled as attack."""
    labels = pl.read_csv(folder / "labels" / "lineage_labels.csv.gz", infer_schema_length=None)
    times = labels.filter(pl.col("attack") == 1).select(time=pl.col("ts_ns").cast(pl.Datetime("ns", "UTC")))
    return times.select(EVERY.start("time").alias("window"))["window"].unique().sort()


def scored(folder: Path, out: Path, seed: int = 7) -> Scored:
    """Import the three files, learn the first seconds, judge the rest."""
    import_capture("sysflow", sorted(folder.glob("proc_mon.*.sf")), out)
    capture = open_captures([str(out)])
    split = Split(moment(20), moment(30), start=moment(0), end=moment(100))
    model = train(capture, DETECTORS, split, every=EVERY, blocks=4, seed=seed)
    return model.score(capture, start=moment(30))


def ranked(scores: pl.DataFrame, attacks: pl.Series, *, spanned: bool) -> dict[str, Rank]:
    """Return per detector the attacked windows above every benign one, attacked and benign windows.

    With ``spanned``, windows between the first and the last attacked one that hold no labelled record are
    neither: the tool runs on in them.
    """
    within = pl.col("window").is_between(attacks.min(), attacks.max())
    rows = scores.with_columns(attack=pl.col("window").is_in(attacks.implode()))
    if spanned:
        rows = rows.filter(pl.col("attack") | ~within)
    return {
        str(label): _rank(part)
        for (label,), part in rows.partition_by("detector", as_dict=True, maintain_order=True).items()
    }


def _rank(rows: pl.DataFrame) -> Rank:
    """Count one detector's windows; no opinion is no find: a window without a margin is above nothing."""
    benign, attack = (rows.filter(pl.col("attack") == wanted)["margin"] for wanted in (False, True))
    said, highest = attack.drop_nulls(), benign.max()
    above = said.len() if highest is None else int((said > highest).sum())
    return Rank(above, attack.len(), benign.len())


def main() -> None:
    """Print the ranks; say where the files are missing."""
    console = Console(width=140)
    if not FOLDER.is_dir():
        console.print(f"{FOLDER} is not there: nothing to measure")
        return
    with tempfile.TemporaryDirectory() as place:
        scores, attacks = scored(FOLDER, Path(place) / "capture").scores, attacked(FOLDER)
    table = Table(title="SysFlow proc_mon: attacked windows above every benign one", box=None, pad_edge=False)
    for name in ("detector", "every unlabelled window is benign", "those amid the attack are neither"):
        table.add_column(name)
    readings = [ranked(scores, attacks, spanned=spanned) for spanned in (False, True)]
    for label in readings[0]:
        ranks = [reading[label] for reading in readings]
        table.add_row(label, *(f"{rank.above} of {rank.attacked} (beside {rank.benign})" for rank in ranks))
    console.print(table)


if __name__ == "__main__":
    main()
