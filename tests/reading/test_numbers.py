"""Numbers in files of settings and in `--set`: what is none is wrong use, wherever one is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.boards.config import load_leaderboard
from rtml.detectors import DETECTORS, make_detector
from rtml.errors import UsageError
from rtml.experiment.config import load_experiment

ODD = [
    ".inf",
    "-.inf",
    ".nan",
    "true",
    "off",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "[1]",
    "{a: 1}",
    "x",
    "1e999",
]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("key", ["budget", "seed", "blocks", "tried", "split.test", "split.calibrate"])
def test_an_experiment(tmp_path: Path, key: str, value: str):
    file = tmp_path / "e.yml"
    file.write_text("split: {calibrate: 0.2, test: 0.6}")
    with pytest.raises(UsageError, match=key.rpartition(".")[2]):
        load_experiment(file, [f"{key}={value}"])
    outer, dot, inner = key.partition(".")
    file.write_text(f"{outer}: {{{inner}: {value}}}" if dot else f"{key}: {value}")
    with pytest.raises(UsageError, match=r"e\.yml"):
        load_experiment(file)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30, 1.5])
def test_a_seed_is_one_that_every_library_takes(tmp_path: Path, seed: float):
    (tmp_path / "e.yml").write_text(f"seed: {seed}")
    with pytest.raises(UsageError, match="seed"):
        load_experiment(tmp_path / "e.yml")


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("key", ["aim", "seeds"])
def test_a_leaderboard(tmp_path: Path, key: str, value: str):
    (tmp_path / "b.yml").write_text(f"{key}: {f'[{value}]' if key == 'seeds' else value}")
    with pytest.raises(UsageError, match=key):
        load_leaderboard(tmp_path / "b.yml")


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True, "x", None, [1]])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("isolation_forest", "trees"),
        ("half_space_trees", "height"),
        ("fading_gaussian", "half_life"),
        ("pca_residual", "pull"),
        ("surprise", "pull"),
        ("surprise", "seed"),
    ],
)
def test_a_detector(kind: str, name: str, value: object):
    with pytest.raises(UsageError, match=f"detector 'mine': {name}"):
        make_detector("mine", {"kind": kind, name: value})


def test_a_foreign_detector_takes_no_number_that_is_none():
    with pytest.raises(UsageError, match="nu: a number is wanted, not nan"):
        make_detector("sklearn:OneClassSVM", {"nu": float("nan")})


@pytest.mark.parametrize("kind", DETECTORS.own)
def test_what_each_takes_by_default_is_taken(kind: str):
    assert make_detector(kind, {} if kind != "single_feature" else {"feature": "a.b"}).name == kind
