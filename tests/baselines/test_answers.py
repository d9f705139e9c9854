"""What was asked before is answered the same, and no more is remembered than there is room for."""

from __future__ import annotations

import random

import polars as pl
import pytest

from rtml import features
from rtml.baselines import Baseline, answers, backoff
from rtml.baselines.answers import Answers
from rtml.captures import Capture
from rtml.features.source import open_source
from tests.conftest import ATTACKED

FILES = features.families_of(["files"])["files"].conditionals[0]


@pytest.fixture(scope="module")
def pairs(lab: Capture, calm: Baseline) -> pl.DataFrame:
    """What the attacked half of the lab asks of the calm one, nulls among it."""
    source = open_source(lab, unit="tree").between(ATTACKED, None)
    asked = features.pairs.gather(source, [FILES], calm).pairs[FILES.name].names
    told = asked.select("workload", "image", "repository", "subject", "key")
    unnamed = told.head(20).with_columns(image=pl.lit(None, pl.String), subject=pl.lit(None, pl.String))
    return pl.concat([told, unnamed])


@pytest.mark.parametrize("room", [1, 40, 10_000])
@pytest.mark.parametrize("small", [10, 10_000])
def test_answers_are_those_of_the_history(
    pairs: pl.DataFrame, calm: Baseline, monkeypatch: pytest.MonkeyPatch, room: int, small: int
):
    monkeypatch.setattr(answers, "_MOST", room)
    monkeypatch.setattr(answers, "_SMALL", small)
    draw, asked = random.Random(room + small), list[int]()

    def answer(rows: pl.DataFrame) -> pl.DataFrame:
        asked.append(rows.height)
        return backoff.surprise(FILES, calm.learnt(FILES), rows)

    remembered = Answers(answer)
    for number in range(12):
        some = pairs.sample(draw.choice([0, 1, 8, 30]), shuffle=True, seed=number)
        twice = pl.concat([some, some.head(3)])
        assert remembered.of(twice).equals(backoff.surprise(FILES, calm.learnt(FILES), twice))
    assert remembered.told is None or remembered.told.height <= max(room, 30)


def test_what_was_asked_is_not_asked_again(pairs: pl.DataFrame, calm: Baseline):
    asked = list[int]()

    def answer(rows: pl.DataFrame) -> pl.DataFrame:
        asked.append(rows.height)
        return backoff.surprise(FILES, calm.learnt(FILES), rows)

    remembered = Answers(answer)
    remembered.of(pairs.head(30))
    before = sum(asked)
    remembered.of(pairs.head(30).reverse())
    remembered.of(pairs.head(40))
    assert sum(asked) - before <= 10
