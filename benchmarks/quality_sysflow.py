"""``python -m benchmarks.quality_sysflow``: a compromised pod recorded by others (SysFlow, ../shared/data).

Ninety seconds of one Kubernetes pod: normal load, then a tool that is written to /tmp and run. Models learn
18 seconds of the first file and calibrate on the next 10; what follows is judged in windows of five seconds,
attacked by the published labels or not. Printed: how many attacked windows rank above all benign ones.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

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


def ranked(result: Scored, attacks: pl.Series) -> dict[str, tuple[int, int, int]]:
    """Return per detector: attacked windows above every benign one, attacked, benign."""
    rows = result.scores.with_columns(attack=pl.col("window").is_in(attacks.implode()))
    ranks = {}
    for (label,), part in rows.partition_by("detector", as_dict=True, maintain_order=True).items():
        benign, attack = (part.filter(pl.col("attack") == wanted)["margin"] for wanted in (False, True))
        # No opinion is no find: an attacked window without a margin is above nothing.
        highest = benign.max()
        said = attack.drop_nulls()
        above = said.len() if highest is None else int((said > highest).sum())
        ranks[str(label)] = (above, attack.len(), benign.len())
    return ranks


def main() -> None:
    """Print the ranks; say where the files are missing."""
    console = Console(width=120)
    if not FOLDER.is_dir():
        console.print(f"{FOLDER} is not there: nothing to measure")
        return
    table = Table(title="SysFlow proc_mon: attacked windows above every benign one", box=None, pad_edge=False)
    for name in ("detector", "above", "attacked", "benign"):
        table.add_column(name)
    with tempfile.TemporaryDirectory() as place:
        result = scored(FOLDER, Path(place) / "capture")
    for label, counts in ranked(result, attacked(FOLDER)).items():
        table.add_row(label, *map(str, counts))
    console.print(table)


if __name__ == "__main__":
    main()
