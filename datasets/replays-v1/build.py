"""Make this dataset from three recordings: `python datasets/replays-v1/build.py FOLDER`.

FOLDER holds ``train``, ``calibrate`` and ``test``, each made by `rtml replay record`.
"""

import json
import shutil
import sys
from pathlib import Path

import polars as pl
from rtml.captures.sensors.sitting import read_sitting

from rtml.captures import Capture, import_capture, open_capture
from rtml.replays.catalogue import catalogue
from rtml.replays.roots import labels_of

HERE = Path(__file__).parent
SITTINGS = ("train", "calibrate", "test")


def build(recordings: Path) -> None:
    """Import all sittings into one capture; put labels and logs beside it."""
    shutil.rmtree(HERE / "capture", ignore_errors=True)
    logs = [recordings / sitting / "bpftrace.jsonl.gz" for sitting in SITTINGS]
    import_capture("bpftrace", logs, HERE / "capture")
    capture = open_capture(HERE / "capture")
    labels = pl.concat([_labels(capture, recordings / sitting) for sitting in SITTINGS])
    labels = labels.sort("start")
    _refuse_unknown(capture, labels)
    labels.write_parquet(HERE / "labels.parquet")
    told = {sitting: _log(recordings / sitting) for sitting in SITTINGS}
    (HERE / "sittings.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _labels(capture: Capture, sitting: Path) -> pl.DataFrame:
    """Label the attacks of a sitting anew: process ids are those of this import."""
    done = json.loads((sitting / "log.json").read_text("utf-8"))["attacks"]
    offset = read_sitting(sitting / "sitting.json").offset
    return labels_of(capture, done, catalogue(), offset)[0]


def _refuse_unknown(capture: Capture, labels: pl.DataFrame) -> None:
    """Every label's root process must be in the capture, in its container."""
    images = capture.processes()
    known = images.select("process_id", pl.col("container_id").cast(pl.String)).collect()
    lost = labels.join(known, on=["process_id", "container_id"], how="anti")
    if lost.height:
        raise SystemExit(f"not in the capture: {lost['attack_id'].to_list()}")
    if labels["attack_id"].is_duplicated().any():
        raise SystemExit("an attack id is used twice")


def _log(sitting: Path) -> dict[str, object]:
    """Return how a sitting went, without the words of the attacks."""
    log = dict(json.loads((sitting / "log.json").read_text("utf-8")))
    log["attacks"] = [
        {key: fact[key] for key in ("id", "container", "complete", "killed", "ok")} for fact in log["attacks"]
    ]
    return log


if __name__ == "__main__":
    build(Path(sys.argv[1]))
