"""Who reads the events of a training, how they are cut and in which order they come changes no bit of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtml.captures import Capture, open_captures
from rtml.errors import RtmlError
from rtml.job import training as job_training
from rtml.job.engines import local
from rtml.job.training import readers
from rtml.models import Model
from tests.job.conftest import contents, cut, some_edges
from tests.job.killing import RAY_WORKER, SPAWNED, killing_one
from tests.models import conftest as shop
from tests.models.test_learning import UNTIL, absurd

Usual = tuple[Model, dict[str, str]]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """The shop, with an outlier while it is learnt and one while it is calibrated."""
    extra = [*absurd("web-1", 16.2), *absurd("web-2", 25.2, 800)]
    return shop.shop(tmp_path_factory.mktemp("shop") / "c", *extra)


def taught(capture: Capture, **how: Any) -> Model:
    return shop.learnt(capture, until=UNTIL, **how)


@pytest.fixture(scope="module")
def usual(capture: Capture, tmp_path_factory: pytest.TempPathFactory) -> Usual:
    model = taught(capture)
    return model, contents(shop.kept(model, tmp_path_factory.mktemp("usual") / "model"))


def same(model: Model, usual: Usual, folder: Path) -> None:
    """Hold a model against the usual one: every file, its trees, its outliers."""
    told, files = usual
    assert model.trees is not None and told.trees is not None
    assert model.trees.equals(told.trees, null_equal=True)
    assert (
        model.outliers is not None
        and told.outliers is not None
        and told.outliers["part"].to_list() == ["train", "calibrate"]
    )
    assert model.outliers.equals(told.outliers, null_equal=True)
    assert contents(shop.kept(model, folder / "model")) == files


@pytest.mark.parametrize("shards", [2, 3, 17])
def test_shards_of_any_number_teach_the_same(shards: int, capture: Capture, usual: Usual, tmp_path: Path):
    same(taught(capture, readers=readers("local", 1, shards=shards)), usual, tmp_path)


def test_processes_teach_the_same_also_when_one_is_killed(
    capture: Capture, usual: Usual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(local, "SMALL", 0)
    with killing_one(SPAWNED, after=0.5) as killed:
        model = taught(capture, readers=readers("local", 2, shards=3))
    assert killed
    same(model, usual, tmp_path)


def test_pieces_in_any_order_teach_the_same(capture: Capture, tmp_path: Path):
    parts = cut(capture, tmp_path / "parts", some_edges(capture, 3, 31))
    one = taught(open_captures(parts))
    told = one, contents(shop.kept(one, tmp_path / "one"))
    same(taught(open_captures(parts[::-1]), readers=readers("local", 1, shards=2)), told, tmp_path)


def test_a_relative_path_is_found_by_any_process(
    capture: Capture, usual: Usual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(Path(capture.path).parent)
    lessons = []
    monkeypatch.setattr(local, "read_shard", lambda task: lessons.append(task) or {})
    with pytest.raises(KeyError):
        taught(open_captures(["c"]), readers=readers("local", 1, shards=2))
    assert {Path(task.capture.path) for task in lessons} == {Path(capture.path).resolve()}


def test_a_shard_that_fails_is_said(capture: Capture, monkeypatch: pytest.MonkeyPatch):
    def failing(task: object) -> dict[str, bytes]:
        raise OSError("no disk")

    monkeypatch.setattr(local, "read_shard", failing)
    with pytest.raises(RtmlError, match="a shard of the training failed: no disk"):
        taught(capture, readers=readers("local", 1, shards=2))


@pytest.mark.filterwarnings("default")
def test_a_cluster_teaches_the_same_also_when_a_worker_is_killed(
    cluster: str, capture: Capture, usual: Usual, tmp_path: Path
):
    with killing_one(RAY_WORKER) as killed:
        model = taught(capture, readers=readers("ray", 2, cluster, shards=3))
    assert killed
    same(model, usual, tmp_path)


def test_baselines_add_up_as_a_tree(usual: Usual):
    counts = usual[0].baseline.counts
    parts = [job_training.Baseline(counts[at::5]) for at in range(5)]
    assert job_training._added(parts).counts.equals(counts, null_equal=True)
