"""The unit cube: bounded, in order, missing apart."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rtml.detectors import scaling
from rtml.detectors.contract import HUGE, feature_columns, in_time_order, matrix, peer_groups
from rtml.detectors.scaling import ScaleState
from rtml.testing.windows import windows

VALUES = st.floats(-HUGE, HUGE) | st.just(float("nan")) | st.floats(-100, 100)
COLUMN = st.lists(VALUES, min_size=1, max_size=20).map(lambda v: np.array(v)[:, None])


@given(training=COLUMN, new=COLUMN)
def test_unit_is_bounded_in_order_and_zero_only_for_missing(training, new):
    scale = scaling.fit(training)
    ordered = np.sort(new, axis=0)
    u = scaling.unit(scale, ordered)
    missing = np.isnan(ordered)
    assert np.isfinite(u).all() and (u[missing] == 0).all()
    assert ((u[~missing] >= 0.1) & (u[~missing] <= 1)).all()
    assert (np.diff(u[~missing]) >= -1e-12).all()


@given(training=COLUMN, new=COLUMN)
def test_gap_is_a_chance_and_zero_on_what_training_showed(training, new):
    scale = scaling.fit(training)
    gap = scaling.gap(scale, new)
    assert ((gap >= 0) & (gap <= 1)).all()
    assert scaling.gap(scale, training).max() < 1e-6


@given(training=COLUMN)
def test_round_trip_is_exact(training):
    scale = scaling.fit(training)
    again = ScaleState.model_validate_json(ScaleState.of(scale).model_dump_json()).scale()
    for one, two in zip(scale, again, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_huge_value_has_a_place_beyond_the_training_maximum():
    scale = scaling.fit(np.array([[0.0], [10.0]]))
    u = scaling.unit(scale, np.array([[10.0], [11.0], [1e3], [1e9]])).ravel()
    assert (np.diff(u) > 0).all()


def test_matrix_columns_follow_names_not_positions():
    frame = windows()
    features = feature_columns(frame)
    turned = frame.select(reversed(frame.columns))
    assert feature_columns(turned) == features
    np.testing.assert_array_equal(matrix(turned, features), matrix(frame, features))


def test_whole_numbers_are_read_and_empty_frames_pass():
    frame = pl.DataFrame({"a.x": [1, 2]})
    np.testing.assert_array_equal(matrix(frame, ["a.x"])[:, 0], [1.0, 2.0])
    assert matrix(windows()[:0], ["a.x"]).shape == (0, 2)
    assert peer_groups(pl.DataFrame({"a.x": [1.0]})) == ["?"]
    assert in_time_order(frame).equals(frame)
