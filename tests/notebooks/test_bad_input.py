"""Every notebook on what it cannot work with: one sentence, and nothing after it.

Cells run in this process, one after the other, until one says what is lacking; that a kernel shows such an
error as one sentence is held in `test_notebooks`.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.captures.write import write_capture
from rtml.errors import UsageError
from rtml.experiment.proposed import proposed
from rtml.notebook import begin, path_of
from rtml.schema import REJECTS, empty
from tests.conftest import LAB
from tests.notebooks.cells import FOLDER, outcome

pytest.importorskip("river", reason="04-model-lab adapts it")

ON_CAPTURES = ("01", "02", "03", "04", "05")
SHORT = "too few to learn, calibrate and score"
NO_PATH = "a path or an address is needed, not"


def stopped(name: str, **parameters: object) -> str:
    """Run the cells with these parameters until one of them refuses; return what it says."""
    said = outcome(name, **parameters)
    assert said is not None, f"{name} ran to its end on {parameters}"
    return said


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of captures that hold nothing, one event, or half a minute; and one that is broken."""
    lab, folder = open_capture(LAB / "capture"), tmp_path_factory.mktemp("odd")
    events, images = lab.events().collect(), lab.processes().collect()
    soon = events["time"].min() + dt.timedelta(seconds=30)
    parts = {"empty": events.head(0), "one": events.head(1), "short": events.filter(pl.col("time") < soon)}
    for name, kept in parts.items():
        about = {"events": kept.height, "start": kept["time"].min(), "end": kept["time"].max()}
        manifest = lab.manifest.model_copy(update=about)
        write_capture(folder / name, manifest, kept, images, empty(REJECTS))
    (folder / "broken").mkdir()
    (folder / "broken" / "capture.json").write_text("{")
    pl.DataFrame({"a": [1]}).write_parquet(folder / "other.parquet")
    (folder / "text.txt").write_text("hello\n")
    return folder


@pytest.mark.parametrize("name", ON_CAPTURES)
@pytest.mark.parametrize(
    ("place", "words"),
    [
        (None, NO_PATH),
        (5, NO_PATH),
        ("", NO_PATH),
        ([], "no capture was named"),
        (["no/such"], "no/such: no such file or folder"),
        ("LICENSE", "this is a file, a capture is a folder"),
        ("tests", "no capture here (capture.json is missing)"),
        ("{odd}/broken", "Invalid JSON"),
        ("{odd}/empty", SHORT),
        ("{odd}/one", "none of its 1 events is of a container that is judged: there is nothing to learn"),
        ("{odd}/short", SHORT),
    ],
)
def test_what_is_no_capture_or_too_little_is_one_sentence(
    name: str, place: object, words: str, odd: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    given = place.format(odd=odd) if isinstance(place, str) else place
    said = stopped(name, CAPTURE=given)
    assert words in said and "\n" not in said


@pytest.mark.parametrize(
    ("name", "parameter", "value", "words"),
    [
        ("02", "MODEL", "datasets", "not a model folder"),
        ("02", "MODEL", 5, NO_PATH),
        ("05", "MODEL", "LICENSE", "not a model folder"),
        ("05", "LABELS", "", NO_PATH),
        ("05", "LABELS", "no/such", "no/such: no such file"),
        ("05", "LABELS", "{odd}/other.parquet", "no column 'attack_id'"),
        ("05", "LABELS", "{odd}/text.txt", "unknown ending '.txt'"),
        ("06", "SOURCE", None, NO_PATH),
        ("06", "SOURCE", [], NO_PATH),
        ("06", "SOURCE", "", NO_PATH),
        ("06", "SOURCE", "{odd}/text.txt", "of no sensor that is known"),
        ("06", "CONTAINERS", ["{odd}/text.txt"], "lists no containers"),
        ("06", "CONTAINERS", "x", "x: no such file"),
    ],
)
def test_what_is_no_model_no_labels_no_sensor_file_is_one_sentence(
    name: str, parameter: str, value: object, words: str, odd: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    given = [place.format(odd=odd) for place in value] if isinstance(value, list) else value
    given = given.format(odd=odd) if isinstance(given, str) else given
    said = stopped(name, **{parameter: given})
    assert words in said and "\n" not in said


def test_a_place_of_a_store_or_of_mlflow_is_left_as_it_is():
    for place in ("s3://bucket/capture", "models:/shop/1", "runs:/0af/model"):
        assert path_of(place) == place
    with pytest.raises(UsageError, match="needed, not None: see the first cell"):
        begin(None)


def test_a_model_of_a_run_is_looked_for_where_it_was_tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    (tmp_path / "mlflow.db").touch()
    (tmp_path / "runs" / "desk").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "runs" / "desk")
    assert path_of("runs:/0af/model") == "runs:/0af/model"
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.lab")
    path_of("models:/shop/1")
    assert os.environ["MLFLOW_TRACKING_URI"] == "https://mlflow.lab"


def test_without_programs_no_detector_is_proposed_that_counts_them(tmp_path: Path):
    lab = open_capture(LAB / "capture")
    kept = lab.events().filter(pl.col("kind") == "connect").collect()
    manifest = lab.manifest.model_copy(update={"events": kept.height})
    write_capture(tmp_path / "c", manifest, kept, lab.processes().collect(), empty(REJECTS))
    made = proposed(open_capture(tmp_path / "c"), ["c"]).experiment()
    assert "rarity" not in made.detectors and "surprise" in made.detectors
    assert "rarity" in proposed(lab, ["c"]).experiment().detectors
