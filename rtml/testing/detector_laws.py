"""What every detector must hold to, whoever wrote it (`rtml.detectors.contract`).

A law takes ``make``: the detector's class, or a function that makes one from keywords, ``seed`` among
them. Frames are those of `rtml.testing.windows`.
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors import CONTRIBUTIONS, Detector
from rtml.errors import NotSaved
from rtml.testing.windows import outlier, windows

__all__ = ["CONDUCT", "Make", "learnt", "state"]

Make = Callable[..., Detector]
_STRANGE = 30


def learnt(make: Make) -> Detector:
    """Return a detector that has learnt the benign windows."""
    detector = make(seed=3)
    detector.learn(windows())
    return detector


def state(detector: Detector) -> dict[str, bytes]:
    """Return all that can be known of a detector: its saved files, if it saves, and some scores."""
    content = {"scores": detector.score(windows(seed=7)).tobytes()}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "detector"
        try:
            detector.save(folder)
        except NotSaved:
            return content
        return content | {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _assert_same(scores: Array, expected: Array, message: str) -> None:
    np.testing.assert_array_equal(scores, expected, err_msg=message)


def explains_itself(make: Make) -> None:
    """Say in the docstring what NaN means, when it fails and where it comes from, with an example."""
    detector = make(seed=3)
    text = inspect.getdoc(type(detector)) or ""
    missing = [word for word in ("Examples", "https://", "Fails", "NaN") if word not in text]
    assert isinstance(detector.name, str) and detector.name, "it has no name"
    assert not missing, f"the docstring says nothing of {', '.join(missing)}"


def ranks_the_outlier_first(make: Make) -> None:
    """Score the window highest, and it alone, that is strange in every column."""
    detector = learnt(make)
    scores = detector.score(outlier(windows(seed=2), _STRANGE))
    if not detector.trivial:
        ahead = int(np.sum(scores >= scores[_STRANGE])) - 1
        assert ahead == 0, f"{ahead} usual windows score as high: {scores[_STRANGE]} against {scores.max()}"


def knows_its_sign(make: Make) -> None:
    """Never score a window lower for being stranger in every column."""
    detector = learnt(make)
    usual = windows(seed=2)
    frames = [usual, *(outlier(usual, _STRANGE, factor) for factor in (4.0, 400.0))]
    ladder = [float(detector.score(frame)[_STRANGE]) for frame in frames]
    assert detector.trivial or ladder == sorted(ladder), f"scores fall as strangeness rises: {ladder}"


def scoring_changes_nothing(make: Make) -> None:
    """Be the same after scoring and explaining."""
    detector, frame = learnt(make), windows(seed=2)
    before, first = state(detector), detector.score(frame)
    detector.explain(outlier(frame, 3))
    assert state(detector) == before, "its state is another one after scoring"
    _assert_same(detector.score(frame), first, "the second scoring differs from the first")


def learning_changes_something(make: Make) -> None:
    """Be another one after learning."""
    assert state(learnt(make)) != state(make(seed=3)), "after learning it is as it was"


def unlearnt_has_no_opinion(make: Make) -> None:
    """Have no opinion before anything is learnt: every score NaN, nothing to explain."""
    detector = make(seed=3)
    detector.learn(windows()[:0])
    scores, reasons = detector.score(windows()), detector.explain(windows())
    assert scores.shape == (48,) and np.isnan(scores).all(), f"it has opinions: {scores[:3]}"
    assert reasons.schema == CONTRIBUTIONS, f"explain returns {reasons.schema}"


def order_of_rows_changes_nothing(make: Make) -> None:
    """Give the same bits for the same seed, in whatever order the rows come."""
    frame, detector, shuffled = windows(seed=2), learnt(make), make(seed=3)
    shuffled.learn(windows().sample(fraction=1.0, shuffle=True, seed=9))
    assert state(detector) == state(shuffled), "rows in another order give another detector"
    _assert_same(
        detector.score(frame)[::-1], detector.score(frame[::-1]), "rows in another order score otherwise"
    )


def company_changes_nothing(make: Make) -> None:
    """Score a row the same alone as in company."""
    detector, frame = learnt(make), outlier(windows(seed=2), 4)
    alone = np.array([detector.score(frame[i])[0] for i in range(12)])
    _assert_same(detector.score(frame)[:12], alone, "rows score otherwise when others come along")


def prequential_is_what_it_says(make: Make) -> None:
    """Score each window, then learn it, in time order (online); just score (batch)."""
    frame = pl.concat([windows(seed=2), windows(seed=5).with_columns(container_id=pl.lit("web-2"))])
    for trained in (True, False):
        detector, twin = (learnt(make) if trained else make(seed=3) for _ in range(2))
        by_hand = _score_then_learn(twin, frame) if twin.online else twin.score(frame)
        _assert_same(detector.prequential(frame), by_hand, "prequential is not score, then learn")
        assert state(detector) == state(twin), "prequential leaves another state than score, then learn"
        assert not detector.online or np.isfinite(by_hand).any(), "it never comes to an opinion"


def _score_then_learn(detector: Detector, frame: pl.DataFrame) -> Array:
    scores = np.full(frame.height, np.nan)
    for moment in frame["window"].unique().sort():
        rows = (frame["window"] == moment).to_numpy()
        scores[rows] = detector.score(frame.filter(rows))
        detector.learn(frame.filter(rows))
    return scores


def a_group_not_met_is_silent_online(make: Make) -> None:
    """Be silent (online) about a peer group that has shown nothing."""
    detector = make(seed=3)
    detector.learn(windows(workloads=("web",)))
    scores = detector.score(windows())
    trained = (windows()["workload"] == "web").to_numpy()
    if detector.online:
        assert np.isfinite(scores[trained]).all(), "the group that learnt has no opinion"
        assert np.isnan(scores[~trained]).all(), "a group that was never met has one"


def explanations_are_shares(make: Make) -> None:
    """Explain by positive shares that add up to 1."""
    strange = outlier(windows(seed=2), 0)[:1]
    reasons = learnt(make).explain(strange)
    assert reasons.schema == CONTRIBUTIONS, f"explain returns {reasons.schema}"
    shares = reasons["share"].to_list()
    assert not shares or abs(sum(shares) - 1.0) < 1e-9, f"the shares add up to {sum(shares)}"
    assert all(share > 0 for share in shares), "a share is not positive"


def saves_itself_whole(make: Make) -> None:
    """Save what loads to the same scores and the same bytes, or refuse to save."""
    for detector in (learnt(make), make(seed=3)):
        with tempfile.TemporaryDirectory() as place:
            try:
                detector.save(Path(place) / "detector")
            except NotSaved:
                return
            loaded: Any = type(detector).load(Path(place) / "detector")
        frame = outlier(windows(seed=2), 4)
        _assert_same(loaded.score(frame), detector.score(frame), "what was loaded scores otherwise")
        assert state(loaded) == state(detector), "what was loaded saves other bytes"


CONDUCT: tuple[Callable[[Make], None], ...] = (
    explains_itself,
    ranks_the_outlier_first,
    knows_its_sign,
    scoring_changes_nothing,
    learning_changes_something,
    unlearnt_has_no_opinion,
    order_of_rows_changes_nothing,
    company_changes_nothing,
    prequential_is_what_it_says,
    a_group_not_met_is_silent_online,
    explanations_are_shares,
    saves_itself_whole,
)
"""Laws of what a detector does."""
