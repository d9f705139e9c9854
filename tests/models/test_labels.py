"""A label that could not be saved is refused before anything is learnt."""

from __future__ import annotations

import pytest

import rtml
from rtml.captures import Capture
from rtml.errors import UsageError
from rtml.models import training


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["one class"], "letters, digits"),
        (["../x"], "letters, digits"),
        (["Forest", "forest"], "differ only by capitals"),
    ],
)
def test_nothing_is_learnt_under_a_label_that_is_none(
    labels: list[str], words: str, lab: Capture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training, "material", lambda *_: pytest.fail("events were read"))
    with pytest.raises(UsageError, match=words):
        rtml.train(lab, {label: {"kind": "rarity"} for label in labels})
