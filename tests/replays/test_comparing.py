"""What each sensor saw of one sitting: counted on the logs of two sensors, of which one saw the attack."""

import json
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.replays.catalogue import catalogue
from rtml.replays.comparing import seen_by
from rtml.replays.contract import Expectation
from rtml.replays.labelling import write_labels
from tests.samples import DATA

BURST = catalogue()["discovery-burst"]
KNOWN = {BURST.id: BURST.model_copy(update={"expects": [Expectation(kind="exec", exe="sh$")]})}
LAUREL = next(path for path in sorted((DATA / "laurel").iterdir()) if path.suffix != ".md")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return the sample of a sitting, imported and labelled."""
    sample = DATA / "bpftrace"
    fact = json.loads((sample / "labels.jsonl").read_text("utf-8").splitlines()[0])
    for name in ("bpftrace.jsonl.gz", "sitting.json"):
        (tmp_path / name).write_bytes((sample / name).read_bytes())
    import_capture("bpftrace", [tmp_path / "bpftrace.jsonl.gz"], tmp_path / "capture")
    stamps = {name: {"unix_ns": fact[name]} for name in ("start", "end")}
    done = fact | stamps | {"what": "attack", "id": "discovery-burst", "ticks": None, "complete": True}
    write_labels(tmp_path, [done], KNOWN)
    return tmp_path


def test_each_sensor_says_what_it_saw_and_which_attacks_it_lacks(recording: Path):
    labels = pl.read_parquet(recording / "labels.parquet")
    told = seen_by(recording, {"laurel": LAUREL}, labels, KNOWN)
    for name, folder in (("bpftrace", "capture"), ("laurel", "capture-laurel")):
        held = open_capture(recording / folder)
        assert sum(told[name]["events"].values()) == held.manifest.events, name
        assert told[name]["containers"] == held.containers().height, name
    assert told["bpftrace"]["attacks_seen"] == ["discovery-burst"] and not told["bpftrace"]["attacks_lacking"]
    assert told["laurel"]["attacks_seen"] == [] and told["laurel"]["attacks_lacking"]["discovery-burst"]


def test_the_labels_of_the_recording_stay_as_they_are(recording: Path):
    before = (recording / "labels.parquet").read_bytes()
    seen_by(recording, {"laurel": LAUREL}, pl.read_parquet(recording / "labels.parquet"), KNOWN)
    assert (recording / "labels.parquet").read_bytes() == before
