"""Deviations: drawn towards all groups by what the group has shown, and what stands on them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.detectors.deviations import LEAST, Deviations
from rtml.detectors.largest_z import LargestZ
from rtml.detectors.pca_residual import PcaResidual
from rtml.errors import RtmlError, UsageError
from rtml.reading.array_files import array_bytes
from rtml.reading.state import read_files, write_files
from rtml.testing.windows import FEATURES, outlier, windows

NAN = float("nan")


def of(groups: dict[str, list[float]], pull: float = 5) -> Deviations:
    """Learn one column; values are in asinh units."""
    names = [name for name, values in groups.items() for _ in values]
    column = np.sinh(np.array([[value] for values in groups.values() for value in values]))
    return Deviations.of(column, names, pull)


def test_a_group_alone_has_its_own_mean_and_deviation():
    values = np.random.default_rng(1).normal(3.0, 0.4, 400).tolist()
    usual = of({"web": values}).usual("web")
    assert usual.centre[0] == pytest.approx(np.mean(values))
    assert usual.spread[0] == pytest.approx(np.std(values, ddof=1))


def test_few_windows_are_drawn_to_the_fleet_and_many_are_not():
    rng = np.random.default_rng(2)
    fleet = {f"w{i}": rng.normal(level, 0.5, 200).tolist() for i, level in enumerate((2.9, 3.0, 3.1, 3.0))}
    few, many = of(fleet | {"new": [4.0, 4.0]}), of(fleet | {"new": [4.0] * 400})
    assert few.usual("new").centre[0] < 3.9 < many.usual("new").centre[0] < 4.001
    assert few.usual("new").spread[0] > 0.25 > 2 * many.usual("new").spread[0] >= 2 * LEAST


def test_a_group_never_met_is_as_unsure_as_groups_differ():
    rng = np.random.default_rng(3)
    near = of({f"w{i}": rng.normal(3.0, 0.2, 100).tolist() for i in range(6)}).usual("new")
    far = of({f"w{i}": rng.normal(i, 0.2, 100).tolist() for i in range(6)}).usual("new")
    assert near.spread[0] == pytest.approx(0.2, rel=0.2)
    assert far.centre[0] == pytest.approx(2.5, abs=0.1)
    assert far.spread[0] == pytest.approx(np.std(range(6), ddof=1), rel=0.1)


def test_a_missing_value_is_worth_what_a_column_of_zero_and_one_would_say():
    seldom, often = of({"web": [1.0] * 98 + [NAN] * 2}), of({"web": [1.0] * 10 + [NAN] * 90})
    assert seldom.absent(["web"])[0, 0] == pytest.approx(np.sqrt((1 - 2.5 / 101) / (2.5 / 101)))
    assert often.absent(["web"])[0, 0] < 0.5


def test_the_largest_z_is_divided_exactly_and_by_the_airport_rule():
    detector = LargestZ()
    detector.learn(windows())
    strange = outlier(windows(seed=2), 0)[:1]
    reasons = detector.explain(strange)
    z = np.sort(detector._sizes(detector._deviations, strange)[0])
    steps = np.diff(z, prepend=0.0) / np.arange(len(z), 0, -1)
    expected = np.cumsum(steps)[::-1] / z[-1]
    np.testing.assert_allclose(reasons["share"].to_list(), expected[expected > 0], rtol=1e-12)


def test_pca_residual_is_that_of_plain_least_squares_and_divided_exactly():
    rng = np.random.default_rng(4)
    load = rng.uniform(1, 4, 300)
    columns = {
        f"a.{i}": np.sinh(load * weight + rng.normal(0, 0.05, 300)) for i, weight in enumerate((1, 2, 3, 1))
    }
    frame = pl.DataFrame(columns)
    detector = PcaResidual()
    detector.learn(frame[:250])
    z = detector._deviations.signed(np.c_[frame.to_numpy(), np.zeros(300)], ["?"] * 300)
    values, vectors = np.linalg.eigh(np.cov(z[:250].T, bias=True))
    first = vectors[:, -1:]
    assert values[-1] > 3.5 and detector._components.shape == (5, 1)
    residual = z - z @ first @ first.T
    np.testing.assert_allclose(detector.score(frame), np.linalg.norm(residual, axis=1), rtol=1e-6)
    parts = z * residual / np.linalg.norm(residual, axis=1, keepdims=True)
    np.testing.assert_allclose(detector.attribute(frame).parts, parts, atol=1e-9)
    np.testing.assert_allclose(parts.sum(axis=1), detector.score(frame), rtol=1e-9)


def test_a_column_is_left_out_of_a_residual_that_would_be_longer_without_it():
    rng = np.random.default_rng(4)
    load = rng.uniform(1, 4, (300, 1))
    frame = pl.DataFrame(np.sinh(load + rng.normal(0, 0.1, (300, 4))), schema=["a.w", "a.x", "a.y", "a.z"])
    detector = PcaResidual()
    detector.learn(frame)
    rows = frame.with_columns(pl.col("a.x") * 40)
    usual = detector.attribute(rows).usual
    told = detector.explain(rows)
    assert told.unique("row", keep="first", maintain_order=True)["feature"].unique().to_list() == ["a.x"]
    others = told.filter(pl.col("feature") != "a.x")
    assert not others.is_empty()
    for row, name in others.select("row", "feature").iter_rows():
        without = rows[row].with_columns(pl.lit(usual[row, rows.columns.index(name)]).alias(name))
        assert detector.score(without)[0] < detector.score(rows[row])[0]


def test_more_of_the_same_is_usual_for_pca_and_another_mixture_is_not():
    load = np.random.default_rng(5).uniform(1, 4, 300)
    frame = pl.DataFrame({f"a.{name}": np.sinh(load + shift) for shift, name in enumerate("xyz")})
    detector = PcaResidual()
    detector.learn(frame)
    busy = pl.DataFrame({f"a.{name}": [np.sinh(5.0 + shift)] for shift, name in enumerate("xyz")})
    mixed = busy.with_columns(pl.lit(np.sinh(1.0)).alias("a.y"))
    assert detector.score(busy)[0] < 0.1 < 1 < detector.score(mixed)[0]


def test_columns_that_have_nothing_in_common_leave_no_component():
    rng = np.random.default_rng(6)
    detector = PcaResidual()
    detector.learn(pl.DataFrame({f"a.{i}": rng.normal(3, 1, 400) for i in range(8)}))
    assert detector._components.shape == (9, 0)


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        (np.ones((6, 2)), "right angles"),
        (np.eye(6)[:, :2].astype(np.float32), "doubles"),
        (np.eye(5)[:, :2], "another shape"),
        (np.full((6, 1), NAN), "right angles"),
    ],
)
def test_components_that_are_no_basis_are_refused(components, fault, tmp_path):
    detector = PcaResidual()
    detector.learn(windows().select("workload", *FEATURES))
    detector.save(tmp_path / "one")
    files = read_files(tmp_path / "one", ["components.npz", "state.json"])
    write_files(tmp_path / "two", {**files, "components.npz": array_bytes({"components": components})})
    with pytest.raises(RtmlError, match=fault):
        PcaResidual.load(tmp_path / "two")


@pytest.mark.parametrize("kind", [LargestZ, PcaResidual])
@pytest.mark.parametrize("pull", [-1, NAN, float("inf")])
def test_a_pull_that_is_none_is_wrong_use(kind, pull):
    with pytest.raises(UsageError, match="pull"):
        kind(pull=pull)
