"""PyOD's ECOD and COPOD worked out for many rows at once: what each says of every row asked alone."""

from __future__ import annotations

import numpy as np
import pytest
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS

from rtml.detectors.adapters import fitted, ranked
from rtml.detectors.adapters.fitted import Fitted

KINDS = [ECOD, COPOD]


def learnt_and_asked(seed, rows):
    """Columns of every sort: continuous, never varying, of two values, rare, symmetric about their mean."""
    rng = np.random.default_rng(seed)
    learnt = rng.random((rows, 8))
    learnt[:, 1], learnt[:, 2] = 0.0, 0.1
    learnt[:, 3], learnt[:, 4] = learnt[:, 3] > 0.5, learnt[:, 4] > 0.9
    learnt[:, 5] = np.where(np.arange(rows) % 2, 0.25, 0.75)
    asked = np.concatenate([learnt[:20], rng.random((30, 8)), np.full((1, 8), 0.5), np.eye(8)])
    asked[20:40, 1:6] = learnt[:1, 1:6]
    return learnt, asked


def by_themselves(estimator, asked):
    with fitted._without_warnings():
        return [estimator.decision_function(asked[i : i + 1])[0] for i in range(len(asked))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [2, 3, 50, 301])
def test_scores_are_those_of_the_estimator_asked_row_by_row(kind, rows):
    learnt, asked = learnt_and_asked(rows, rows)
    estimator = kind()
    detector = Fitted(estimator, learnt, "theirs")
    assert detector._ranked is not None
    alone = by_themselves(estimator, asked)
    np.testing.assert_allclose(detector.scores(asked), alone, rtol=0, atol=1e-11)
    np.testing.assert_allclose(detector.nearly(asked), alone, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_rows_do_not_change_a_bit(kind):
    learnt, asked = learnt_and_asked(7, 60)
    detector = Fitted(kind(), learnt, "theirs")
    together = detector.scores(asked)
    assert together.tolist() == [detector.scores(asked[i : i + 1])[0] for i in range(len(asked))]
    assert together[::-1].tolist() == detector.scores(asked[::-1]).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_round_off_could_turn_is_asked_of_the_estimator(kind):
    learnt, asked = learnt_and_asked(3, 200)
    detector, calls = Fitted(kind(), learnt, "theirs"), []
    ask = detector._ask
    detector._ask = lambda rows: calls.append(len(rows)) or ask(rows)
    symmetric = asked[:, 5] == 0.5  # its column has no skewness, or one of 1e-17
    detector.scores(asked)
    assert 0 < len(calls) <= len(np.unique(asked[symmetric], axis=0)) + 1 and set(calls) == {1}


def test_equal_rows_are_asked_once():
    learnt, asked = learnt_and_asked(5, 40)
    detector, calls = Fitted(ECOD(), learnt, "theirs"), []
    detector._ranked, ask = None, detector._ask
    detector._ask = lambda rows: calls.append(len(rows)) or ask(rows)
    twice = np.concatenate([asked, asked[::-1]])
    scores = detector.scores(twice)
    assert calls == [1] * len(np.unique(asked, axis=0))
    assert scores[: len(asked)].tolist() == scores[len(asked) :][::-1].tolist()


def test_where_the_estimator_says_otherwise_it_is_asked(monkeypatch):
    learnt, asked = learnt_and_asked(2, 40)
    monkeypatch.setitem(ranked._UNITE, "pyod.models.ecod.ECOD", np.minimum)
    detector = Fitted(ECOD(), learnt, "theirs")
    assert detector._ranked is None
    other = ECOD()
    Fitted(other, learnt, "theirs")
    assert detector.scores(asked[:3]).tolist() == by_themselves(other, asked[:3])


def test_what_has_no_closed_form_has_none():
    learnt, _ = learnt_and_asked(1, 40)
    assert Fitted(HBOS(), learnt, "theirs")._ranked is None
    assert ranked.ranked(type("ECOD", (ECOD,), {})(), learnt) is None
    assert fitted._between(learnt).shape[1] == learnt.shape[1]
