"""Where attacks stand among benign trees: planted scores with a known order."""

import polars as pl
import pytest

from rtml.errors import UsageError
from rtml.evaluation.sides import Side
from rtml.evaluation.standing import benign_units, standing
from rtml.evaluation.track import make_track
from rtml.schema import FINDINGS, empty
from tests.evaluation.frames import make_labels, make_windows, utc


@pytest.fixture
def track():
    """Two attacks, of containers c0 and c1; c2 and c3 are benign."""
    labels = make_labels(("a", "c0", 10.2, 12.0, None), ("b", "c1", 30.5, 31.0, None))
    return make_track(make_windows(minutes=60), labels)


def side(track, heights, **more):
    """Score 0, but ``heights`` by container and minute."""
    at = {(container, utc([minute])[0]): score for (container, minute), score in heights.items()}
    scores = [at.get(key, 0.0) for key in track.trees.select("container_id", "window").iter_rows()]
    trees = track.trees.select("container_id", "window", "root_id", score=pl.Series(scores, dtype=pl.Float64))
    return Side("forest", "model", empty(FINDINGS), trees=trees.with_columns(**more))


def test_an_attack_stands_below_the_benign_units_that_are_stranger(track):
    heights = {
        ("c0", 11): 5.0,
        ("c1", 30): 2.0,
        ("c2", 1): 3.0,
        ("c2", 3): 4.0,
        ("c3", 7): 6.0,
        ("c3", 50): 2.0,
    }
    rows = standing(side(track, heights), track)
    assert rows.select("attack_id", "score", "above").rows() == [("a", 5.0, 1), ("b", 2.0, 2)]
    # minutes 1 and 3 of c2 are one unit of five minutes; a tie with c3 at 50 is not above
    units = benign_units(side(track, heights), track)
    assert units["score"].head(3).to_list() == [6.0, 4.0, 2.0]


def test_the_strangest_tree_of_an_attack_counts_and_an_attack_without_opinion_has_no_row(track):
    heights = {("c0", 10): 1.0, ("c0", 12): 7.0} | {("c1", minute): None for minute in range(28, 35)}
    rows = standing(side(track, heights), track)
    assert rows["attack_id"].to_list() == ["a"]
    assert rows["score"].item() == 7.0 and rows["window"].item() == utc([12])[0]


def test_what_is_never_told_is_not_above(track):
    never = pl.when(pl.col("container_id") == "c3").then(pl.lit([1.0], pl.List(pl.Float64)))
    budget = pl.when(pl.col("score") == 6.0).then(30.0)
    heights = {("c0", 11): 5.0, ("c3", 7): 6.0}
    told_at_others = standing(side(track, heights, budget=budget, repeats=never), track)
    assert told_at_others["above"][0] == 0, "it alarms at 30 alone, and there is a repeat"
    assert standing(side(track, heights, budget=budget), track)["above"][0] == 1


def test_a_side_without_scores_of_trees_ranks_nothing(track):
    with pytest.raises(UsageError, match="no scores of process trees"):
        standing(Side("rules", "rules", empty(FINDINGS)), track)
