"""River's traps, pinned: what we work around, and that our results are River's otherwise."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from river.anomaly import HalfSpaceTrees as RiverTrees

from rtml.detectors import scaling
from rtml.detectors.columns import in_bits
from rtml.detectors.contract import UNKNOWN, feature_columns, matrix
from rtml.detectors.fading_gaussian import FadingGaussian
from rtml.detectors.half_space_trees import HalfSpaceTrees
from rtml.detectors.halvings import halvings
from rtml.errors import RtmlError, UsageError
from rtml.reading.state import write_files
from rtml.testing.windows import windows


def test_river_still_says_zero_in_its_first_window_and_freezes_its_features():
    river = RiverTrees(window_size=3, seed=1)
    river.learn_one({"a": 0.5})
    assert river.score_one({"a": 0.9}) == 0
    for _ in range(3):
        river.learn_one({"a": 0.5, "late": 0.5})
    assert {tree.feature for tree in river.trees} == {"a"}


def unit_rows(frame):
    names = feature_columns(frame)
    raw, linear = matrix(frame, names), in_bits([*names, UNKNOWN])
    return scaling.unit(scaling.fit(raw, linear), raw)


def test_half_space_trees_are_rivers():
    """Same rows, same seed: taking the first event back out leaves no trace."""
    web = windows(workloads=("web",))
    ours, river = HalfSpaceTrees(seed=4, trees=5), RiverTrees(5, 8, window_size=24, seed=4)
    ours.learn(web)
    rows = [dict(enumerate(row)) for row in unit_rows(web).tolist()]
    for row in rows:
        river.learn_one(row)
    np.testing.assert_array_equal(ours.score(web), [river.score_one(row) for row in rows])


@pytest.mark.parametrize(("columns", "seed", "trees", "height"), [(1, 0, 2, 3), (7, 3, 4, 8), (40, 11, 3, 5)])
def test_halvings_are_drawn_as_river_draws_them(columns, seed, trees, height):
    river = RiverTrees(trees, height, seed=seed)
    river.learn_one(dict.fromkeys(range(columns), 0.0))
    split, at = halvings(columns, seed, trees, height)
    for number, tree in enumerate(river.trees):
        nodes = {0: tree}
        for place in range(2**height - 1):
            node = nodes.pop(place)
            assert (split[number, place], at[number, place]) == (node.feature, node.threshold)
            nodes |= {2 * place + 1 + side: child for side, child in enumerate(node.children)}


def test_the_reference_window_is_what_the_workload_started_with_up_to_the_largest():
    for rows, window, expected in ((12, 250, 12), (24, 10, 10)):
        detector = HalfSpaceTrees(trees=2, window=window)
        detector.learn(windows(rows=rows, workloads=("web",)))
        assert detector._groups["web"].size == expected


@pytest.mark.parametrize("make", [partial(HalfSpaceTrees, window=10), FadingGaussian])
def test_memory_stops_growing(make, tmp_path):
    detector, sizes = make(), []
    for seed in range(4):
        detector.learn(windows(rows=30, workloads=("web",), seed=seed))
        detector.save(tmp_path / str(seed))
        sizes.append((tmp_path / str(seed) / "state.json").stat().st_size)
    assert max(sizes) < 1.1 * sizes[0]


def test_trees_that_another_river_would_build_are_refused(tmp_path):
    detector = HalfSpaceTrees(seed=1, trees=2, height=2)
    detector.learn(windows())
    detector.save(tmp_path / "one")
    state = json.loads((tmp_path / "one" / "state.json").read_text())
    state["parameters"]["seed"] = 2
    write_files(tmp_path / "two", {"state.json": json.dumps(state).encode()})
    with pytest.raises(RtmlError, match="another River version"):
        HalfSpaceTrees.load(tmp_path / "two")


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (HalfSpaceTrees, {"trees": 0}),
        (HalfSpaceTrees, {"trees": 1000, "height": 15}),
        (HalfSpaceTrees, {"least": 1}),
        (HalfSpaceTrees, {"window": 4}),
        (FadingGaussian, {"half_life": 0}),
        (FadingGaussian, {"least": 1}),
    ],
)
def test_nonsense_parameters_are_wrong_use(kind, parameters):
    with pytest.raises(UsageError):
        kind(**parameters)
