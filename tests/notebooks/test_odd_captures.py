"""Every notebook on captures that lack a kind of event: they run, or say in one sentence what is lacking.

The captures are three workloads of the shipped one, without what the parameter says; cells run in this
process (`tests.notebooks.cells`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import rtml
from rtml.captures import import_capture, open_capture
from rtml.captures.write import write_capture
from rtml.errors import UsageError
from rtml.schema import REJECTS, empty
from tests.conftest import LAB, REPOSITORY
from tests.notebooks.cells import FOLDER, outcome

pytest.importorskip("river", reason="04-model-lab adapts it")

NETWORK, PATHS = ["connect", "accept", "bind", "listen", "dns"], ["open", "unlink", "chmod", "mount"]
PROCESSES = ["exec", "fork", "exit"]
KIND = pl.col("kind").cast(pl.String)
LACKING = {
    "no network": ~KIND.is_in(NETWORK),
    "no files": ~KIND.is_in(PATHS),
    "no names": KIND != "dns",
    "no programs": ~KIND.is_in(PROCESSES),
    "connections alone": KIND == "connect",
    "programs alone": KIND == "exec",
    "one container": pl.col("workload").cast(pl.String) == "web",
}
"""What is left of the capture, by what it lacks."""

OF_HOST = "is of a container that is judged: there is nothing to learn"
SHORT = "too few to learn, calibrate and score"


def part(folder: Path, kept: pl.Expr) -> Path:
    """Write the events of three workloads that an expression keeps; the manifest counts them."""
    lab = open_capture(LAB / "capture")
    ours = lab.containers().filter(pl.col("workload").is_in(["web", "client", "job"]))["container_id"]
    events = (
        lab.events().filter(pl.col("container_id").cast(pl.String).is_in(ours.implode()) & kept).collect()
    )
    seen = set(events["container_id"].cast(pl.String))
    counted = dict(events.group_by(KIND).len().iter_rows())
    about = {
        "events": events.height,
        "start": events["time"].min(),
        "end": events["time"].max(),
        "kinds": {
            name: None if n is None else counted.get(name, 0) for name, n in lab.manifest.kinds.items()
        },
        "containers": [c for c in lab.manifest.containers if c.container_id in seen],
    }
    images = lab.processes().filter(pl.col("container_id").cast(pl.String).is_in(list(seen))).collect()
    write_capture(folder / "capture", lab.manifest.model_copy(update=about), events, images, empty(REJECTS))
    labels = rtml.read_labels(LAB / "labels.parquet").filter(pl.col("container_id").is_in(list(seen)))
    labels.write_parquet(folder / "labels.parquet")
    return folder


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with a capture and its labels, by what the capture lacks."""
    return {name: part(tmp_path_factory.mktemp("odd"), kept) for name, kept in LACKING.items()}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Captures of no container that can be judged: an audit log, alerts of Falco, a host alone."""
    folder = tmp_path_factory.mktemp("bare")
    for name, source in {"k8s-audit": "audit.jsonl", "falco": "alerts.jsonl"}.items():
        import_capture(name, [REPOSITORY / "tests" / "data" / name / source], folder / name)
    lab = open_capture(LAB / "capture")
    events = lab.events().head(1000).collect()
    none = pl.lit(None, pl.String).cast(events.schema["container_id"]).alias("container_id")
    about = {"events": events.height, "end": events["time"].max(), "containers": [], "kinds": {}}
    images = lab.processes().collect()
    manifest = lab.manifest.model_copy(update=about)
    write_capture(folder / "host", manifest, events.with_columns(none), images, empty(REJECTS))
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("what", LACKING)
@pytest.mark.parametrize("name", ["01", "02"])
def test_a_capture_that_lacks_a_kind_is_looked_at_and_hunted_in(
    name: str, what: str, lacking: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    given = {"VERDICTS": str(tmp_path / "v.jsonl")} if name == "02" else {}
    said = outcome(name, CAPTURE=str(lacking[what] / "capture"), **given)
    assert said is None or "nothing was found, neither by rules nor by the model" in said


@pytest.mark.parametrize(
    ("name", "what"), [("03", "no network"), ("04", "no programs"), ("05", "one container")]
)
def test_a_capture_that_lacks_a_kind_is_judged_by_its_labels(
    name: str, what: str, lacking: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    folder = lacking[what]
    said = outcome(name, CAPTURE=str(folder / "capture"), LABELS=str(folder / "labels.parquet"))
    assert said is None


@pytest.mark.parametrize("name", ["01", "02", "03", "04", "05"])
@pytest.mark.parametrize(
    ("what", "words"),
    [("k8s-audit", "calls of the Kubernetes API, and no container"), ("falco", SHORT), ("host", OF_HOST)],
)
def test_where_no_container_can_be_judged_is_one_sentence_with_the_way_on(
    name: str, what: str, words: str, bare: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    said = outcome(name, CAPTURE=str(bare[what]))
    assert said is not None and words in said and "\n" not in said
    assert "docs/kubernetes-audit.md" in said or "rtml rules" in said


def test_the_model_of_other_families_hunts_or_says_what_is_missing(
    lacking: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    capture = open_capture(lacking["no network"] / "capture")
    other = rtml.train(capture, ["surprise"], rtml.Split(calibrate=0.3, test=0.55), families=["files"])
    model = other.save(tmp_path / "model")
    for what in ("no network", "no files", "connections alone"):
        place = str(lacking[what] / "capture")
        said = outcome("02", CAPTURE=place, MODEL=str(model), VERDICTS=str(tmp_path / "v.jsonl"))
        assert said is None or "\n" not in said


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (0, "must be above 0, got 0"),
        (-1.0, "must be above 0, got -1.0"),
        (float("nan"), "must be above 0, got nan"),
        (float("inf"), "must have an end"),
        ("ten", "must be a number of false findings per container-day, got 'ten'"),
        (None, "must be a number"),
        ([1], "must be a number"),
        (True, "must be a number"),
    ],
)
def test_a_budget_that_cannot_be_asked_for_is_one_sentence(
    budget: object, words: str, lacking: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    """Notebook 04 says so before it learns, and so does whatever takes a budget."""
    monkeypatch.chdir(FOLDER)
    place = lacking["one container"] / "capture"
    said = outcome("04", CAPTURE=str(place), LABELS=None, BUDGET=budget)
    assert said is not None and words in said and "\n" not in said
    with pytest.raises(UsageError, match="alarm budget must"):
        rtml.compare(open_capture(place), LAB / "labels.parquet", {}, budget=budget)


def test_a_budget_of_the_fifth_notebook_is_one_sentence(
    lacking: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(FOLDER)
    folder = lacking["one container"]
    labels = str(folder / "labels.parquet")
    said = outcome("05", CAPTURE=str(folder / "capture"), LABELS=labels, BUDGET="ten")
    assert said is not None and "got 'ten'" in said and "\n" not in said


@pytest.mark.parametrize("name", ["03", "04", "05"])
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("{odd}/none.parquet", "holds no label, so nothing can be judged; LABELS in the first cell"),
        ("{odd}/early.parquet", "begins after 2026-11-24"),
        ("datasets/lab-v1/labels.parquet", "name no container of the capture"),
        ("datasets/replays-v1/labels.parquet", "LABELS in the first cell names others"),
        ("no/such.parquet", "no/such.parquet: no such file"),
    ],
)
def test_labels_that_judge_nothing_are_told_before_anything_is_learnt(
    name: str,
    labels: str,
    words: str,
    lacking: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(FOLDER)
    lab = rtml.read_labels(LAB / "labels.parquet")
    lab.head(0).write_parquet(tmp_path / "none.parquet")
    lab.sort("start").head(1).write_parquet(tmp_path / "early.parquet")
    place = str(lacking["one container"] / "capture")
    cells: list[str] = []
    said = outcome(name, cells, CAPTURE=place, LABELS=labels.format(odd=tmp_path))
    assert said is not None and words in said and "\n" not in said
    assert cells[-1] == "open", "the first cell after the parameters says it"
