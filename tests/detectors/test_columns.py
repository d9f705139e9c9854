"""Which columns a detector looks at: what surprises beyond chance, or everything."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.detectors import make_detector, scaling
from rtml.detectors.columns import EVERYONE, Chosen, in_bits, novelty_columns
from rtml.detectors.contract import UNKNOWN
from rtml.detectors.online import REACH
from rtml.errors import UsageError
from rtml.features import FAMILIES
from rtml.testing.windows import windows

OURS = [name for family in FAMILIES.own for name in FAMILIES[family].columns]
NOVELTY = ("files.read_bits_beyond", "files.write_bits_beyond", "lineage.bits_beyond", "files.never_seen")


def novel(rows: int = 24, workloads: tuple[str, ...] = ("web", "job"), seed: int = 1) -> pl.DataFrame:
    """Return windows with columns of novelty beside the usual ones."""
    rng, table = np.random.default_rng(seed), windows(rows, workloads, seed)
    return table.with_columns(pl.Series(name, rng.uniform(0, 2, table.height)) for name in NOVELTY)


def test_of_our_families_each_conditional_has_one_column():
    """A family's own sum is left out where its conditionals stand beside it."""
    chosen = novelty_columns(OURS)
    beyond = [name for name in chosen if name.endswith("bits_beyond")]
    assert len(beyond) == sum(len(FAMILIES[family].conditionals) for family in FAMILIES.own)
    for family in FAMILIES.own:
        assert (f"{family}.bits_beyond" in chosen) is (len(FAMILIES[family].conditionals) == 1)
        assert (f"{family}.never_seen" in chosen) is bool(FAMILIES[family].conditionals)
    assert len(chosen) == len(set(chosen)) and chosen == sorted(chosen)


def test_without_surprises_there_is_no_novelty():
    assert novelty_columns(["activity.all", "a.never_seen", "a.bits_max"]) == []
    assert Chosen.of(windows().drop("binaries.never_seen"), "novelty", "x").novelty is False


def test_what_is_in_bits_is_told_by_its_name():
    told = dict(zip(OURS, in_bits(OURS).tolist(), strict=True))
    assert told["files.bits_sum"] and told["files.read_bits_beyond"] and told["lineage.bits_excess"]
    assert not any(told[name] for name in OURS if "bits_" not in name)
    assert in_bits(["a.bits_", "bits_max", "x.rabbits_max", UNKNOWN]).tolist() == [False, False, False, False]


def test_a_choice_of_novelty_leaves_the_rest_aside():
    chosen = Chosen.of(novel(), "novelty", "x")
    assert chosen.names == sorted([*NOVELTY, "binaries.never_seen"])
    assert chosen.aside == ["a.bits_top3", "a.x", "a.y", "b.bits_max"]
    assert chosen.groups(novel()) == [EVERYONE] * 48
    everything = Chosen.of(novel(), "all", "x")
    assert set(everything.names) == {*chosen.names, *chosen.aside} and everything.aside == []
    assert set(everything.groups(novel())) == {"web", "job"}


def test_what_is_left_aside_is_known_and_what_is_new_is_not():
    chosen = Chosen.of(novel(), "novelty", "x")
    assert (chosen.matrix(novel())[:, -1] == 0).all()
    more = novel().with_columns(pl.lit(3.0).alias("late.column"))
    assert (chosen.matrix(more)[:, -1] > 0).all() and chosen.matrix(more).shape == (48, 6)
    less = novel().drop("files.never_seen")
    assert np.isnan(chosen.matrix(less)[:, chosen.names.index("files.never_seen")]).all()


def test_a_choice_that_nobody_knows_is_wrong_use():
    with pytest.raises(UsageError, match="forest: features must be one of novelty, all, got 'some'"):
        Chosen.of(novel(), "some", "forest")


@pytest.mark.parametrize("kind", ["isolation_forest", "half_space_trees", "fading_gaussian"])
def test_detectors_of_novelty_do_not_care_what_else_varies(kind: str):
    parameters = {"features": "novelty"} | ({"trees": 10} if kind == "half_space_trees" else {})
    detector = make_detector(kind, parameters, 3)
    detector.learn(novel())
    wild = novel(seed=2).with_columns(pl.col("a.x") * 1e6)
    np.testing.assert_array_equal(detector.score(wild), detector.score(novel(seed=2)))
    strange = novel(seed=2).with_columns(pl.lit(28.0).alias("lineage.bits_beyond"))
    assert np.median(detector.score(strange)) > np.max(detector.score(novel(seed=2)))


@pytest.mark.parametrize("kind", ["isolation_forest", "half_space_trees", "fading_gaussian"])
def test_one_range_serves_all_workloads(kind: str):
    """A workload that was never learnt is judged at once: bits compare it with its peers already."""
    detector = make_detector(kind, {}, 3)
    detector.learn(novel(workloads=("web",)))
    assert np.isfinite(detector.score(novel(workloads=("new",)))).all()


def test_bits_have_room_from_nothing_to_one_in_a_thousand_million():
    """Quiet training must not make two bits as strange as thirty."""
    raw = np.array([[0.0, 5.0], [0.1, 5.0]])
    scale = scaling.fit(raw, np.array([True, False]), REACH)
    assert (scale.centre[0], scale.half[0]) == (REACH / 2, REACH / 2)
    u = scaling.unit(scale, np.array([[0.0, 5.0], [15.0, 5.0], [30.0, 5.0], [60.0, 5.0]]))[:, 0]
    assert u.tolist()[:3] == pytest.approx([0.325, 0.55, 0.775]) and u[3] > 0.775
    plain = scaling.fit(raw, np.array([True, False]))
    assert plain.half[0] == pytest.approx(0.05) and plain.half[1] == scale.half[1]


def test_bits_are_placed_as_they_are_and_counts_by_their_asinh():
    scale = scaling.fit(np.array([[0.0, 0.0], [20.0, 20.0]]), np.array([True, False]))
    middle = scaling.position(scale, np.array([[10.0, 10.0]]))[0]
    assert middle[0] == 0.0 and middle[1] > 0.5
