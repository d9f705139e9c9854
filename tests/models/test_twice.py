"""Scored once more in other batches: what looks beside itself, ahead, or back over its calls is caught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtml.captures import Capture
from rtml.errors import RtmlError
from rtml.models import Model, Scored
from rtml.models.twice import refuse_differences
from tests.models.conftest import judged


def test_our_own_are_the_same_bits(model: Model, scored: Scored):
    refuse_differences(model, scored)


class Cheat:
    """The isolation forest of the model, whose scores are bent by what comes with them."""

    online = False

    def __init__(self, forest, bend):
        self._forest, self._bend, self.calls = forest, bend, 0

    def __getattr__(self, name):
        if name.startswith("__") or name == "_forest":
            raise AttributeError(name)
        return getattr(self._forest, name)

    def prequential(self, rows, strange=None):
        self.calls += 1
        return self._bend(self, self._forest.prequential(rows), rows)


BENDS = {
    "standardises by the batch": lambda self, scores, rows: (scores - scores.mean()) / (scores.std() or 1),
    "ranks within the batch": lambda self, scores, rows: np.argsort(np.argsort(scores)).astype(float),
    "looks at the row that comes next": lambda self, scores, rows: np.append(scores[1:], 0.0),
    "is quiet in its first call": lambda self, scores, rows: scores * 0 if self.calls == 1 else scores,
    "counts the rows": lambda self, scores, rows: scores + len(scores) * 1e-9,
    "draws at random": lambda self, scores, rows: scores + np.random.default_rng().random(len(scores)),
}


@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS.keys())
def test_a_detector_that_looks_around_is_refused(bend, model: Model, capture: Capture):
    label = "isolation_forest"
    bent = replace(model, detectors={**model.detectors, label: Cheat(model.detectors[label], bend)})
    scored = judged(bent, capture)
    with pytest.raises(RtmlError, match=f"detector '{label}' scores .* differently"):
        refuse_differences(bent, scored)
