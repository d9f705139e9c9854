"""River's anomaly detectors as online detectors, one model per workload."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pydantic

from rtml.arrays import Array
from rtml.detectors.adapters.making import Parameters, fresh, made, plain_parameters, seeded
from rtml.detectors.adapters.names import refuse_unknown, version_of
from rtml.detectors.contract import HUGE
from rtml.detectors.online import OnlineDetector
from rtml.detectors.streams import OnlineState
from rtml.errors import NotSaved, RtmlError, UsageError, did_you_mean
from rtml.reading.state import State, parse_state, read_files, state_bytes, write_files

__all__ = ["MOST_VALUES", "Replayed", "StreamAdapter"]

MOST_VALUES = 2_000_000
"""Learnt values (rows x columns) of one workload that a model may hold."""

_PROBE = 16
_FILES = ("made.json", "state.json")


class MadeState(State):
    """How the River model of every workload is made."""

    parameters: Parameters
    target: str | None
    version: str = pydantic.Field(max_length=100)


class Replayed:
    """One River model that remembers what it learnt, so that it can be made again without pickle.

    River says 0 as long as a model has nothing to say (half-space trees: the whole first window).
    Here that is NaN: a model that answers 0 to the rows that it has just learnt *and* to the farthest
    corner of the unit cube is still silent.
    """

    def __init__(self, blank: Any, target: int | None, name: str) -> None:
        self._river, self._target, self._name = fresh(blank), target, name
        self._rows: list[list[float]] = []
        self._learnt, self._awake = 0, False

    def learn_many(self, rows: Array) -> None:
        """Learn rows, one after the other."""
        for row in rows.tolist():
            self.learn(row)

    def score_many(self, rows: Array) -> Array:
        """Score rows, each by itself."""
        return np.array([self.score(row) for row in rows.tolist()])

    def learn(self, row: list[float]) -> None:
        """Learn one row."""
        self._river.learn_one(*self._parts(row))
        self._learnt += 1
        if self._learnt * len(row) <= MOST_VALUES:
            self._rows.append(row)
        if not self._awake:
            self._awake = any(score != 0 for score in self._probe(row))

    def _probe(self, row: list[float]) -> list[float]:
        """Ask twice about rows just learnt and a corner; other answers mean that asking changes it."""
        rows = [*self._rows[-_PROBE:], row, [1.0] * len(row)]
        first, second = ([self._answer(row) for row in rows] for _ in range(2))
        if not np.array_equal(first, second, equal_nan=True):
            raise RtmlError(
                f"{self._name} changes while it scores, so its scores depend on who asks: not adapted"
            )
        return first

    def score(self, row: list[float]) -> float:
        """Score one row; NaN as long as the model is silent."""
        return self._answer(row) if self._awake else math.nan

    def _answer(self, row: list[float]) -> float:
        return max(-HUGE, min(HUGE, float(self._river.score_one(*self._parts(row)))))

    def _parts(self, row: list[float]) -> tuple[Any, ...]:
        """Return what River calls x, and y where it wants one."""
        if self._target is None:
            return (dict(enumerate(row)),)
        return {i: value for i, value in enumerate(row) if i != self._target}, row[self._target]

    def state(self) -> dict[str, list[Any]]:
        """Return the rows that were learnt, oldest first."""
        if self._learnt > len(self._rows):
            raise NotSaved(
                f"{self._name} cannot be saved: it is taught again on loading, and a workload's"
                f" {self._learnt} windows are more than {MOST_VALUES:,} values; train it anew on less"
            )
        return {"rows": self._rows}

    def agrees(self, twin: Replayed | None) -> bool:
        """Say whether another stream scores the latest rows with the same bits."""
        if twin is None:
            return False
        latest = self._rows[-_PROBE:]
        scores, twin_scores = ([stream.score(row) for row in latest] for stream in (self, twin))
        return np.array_equal(scores, twin_scores, equal_nan=True)

    def restore(self, state: dict[str, list[Any]], columns: int) -> None:
        """Learn the rows of `state`; what does not fit is a `ValueError`."""
        if set(state) != {"rows"}:
            raise ValueError("unknown or missing parts of a stream")
        for row in state["rows"]:
            if type(row) is not list or len(row) != columns:
                raise ValueError("a row does not fit the features")
            if not all(type(x) is float and 0 <= x <= 1 for x in row):
                raise ValueError("a row holds what is no number in [0, 1]")
            self.learn(row)


class StreamAdapter(OnlineDetector[Replayed]):
    """A River anomaly detector, one per workload, that scores each window before it learns it.

    Each workload starts with ``least`` rows, which set its training range; from then on every row is a
    dictionary of the same keys with numbers in [0, 1] (`rtml.detectors.scaling`): 0 is a missing value,
    the last key counts feature columns that were not there at the start.

    The score is the model's own, in its own unit, higher = stranger; infinite counts as 1e300. NaN when
    unlearnt and as long as the model is silent (`Replayed`): River's half-space trees of 250 rows say
    nothing of a workload for its first 250 windows, so give them a ``window_size`` that it reaches.

    A saved model holds parameters and every learnt row, no pickle: loading learns them again. Saving
    tries that first and refuses when the scores come out otherwise.

    Fails where the estimator fails; River's ``OneClassSVM`` is linear, so what is *less* than usual
    looks normal to it. Models that change while they score (``PredictiveAnomalyDetection``) are refused.

    Parameters
    ----------
    seed
        Given to the model, and to those inside it, as ``seed`` where that was left open.
    least
        Rows that a workload needs before it starts.
    window
        Has no effect; at least ``least``.
    features
        ``novelty`` or ``all`` (`rtml.detectors.columns.CHOICES`).
    target
        For River's *supervised* scorers (``GaussianScorer``), which judge one value ``y``: the feature
        that is it. None for all others.
    parameters
        The model's own.
    like
        A River model to take the parameters of, instead of ``parameters``.

    References
    ----------
    River, https://riverml.xyz/latest/api/anomaly/HalfSpaceTrees/

    Examples
    --------
    >>> import polars as pl
    >>> from river.anomaly import HalfSpaceTrees
    >>> from rtml.detectors import adapt
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [0.1, 0.2, 0.3] * 3})
    >>> detector = adapt(HalfSpaceTrees(window_size=5))
    >>> detector.score(quiet[:1])
    array([nan])
    >>> detector.learn(quiet)
    >>> usual, strange = detector.score(pl.DataFrame({"workload": ["web"] * 2, "a.x": [0.2, 90.0]}))
    >>> bool(strange > usual)
    True
    """

    estimator: ClassVar[type[Any]]

    def __init__(
        self,
        *,
        seed: int = 0,
        least: int = 5,
        window: int = 10_000,
        features: str = "novelty",
        target: str | None = None,
        like: Any = None,
        **parameters: Any,
    ) -> None:
        super().__init__(seed=seed, least=least, window=window, features=features)
        model = made(self.estimator, parameters, self.name) if like is None else like
        _refuse_unlearning(model, self.name)
        if _wants_target(model) != (target is not None):
            fault = (
                "judges one value: say with `target` which feature it is"
                if target is None
                else "has no target"
            )
            raise UsageError(f"{self.name} {fault}")
        self._blank, self._target = seeded(model, seed), target
        self.parameters["seed"] = getattr(self._blank, "seed", seed)  # its own, where one was given

    def _stream(self, columns: int, size: int) -> Replayed:
        place = None
        if self._target is not None:
            features = self._columns
            if self._target not in features:
                near = did_you_mean(self._target, features)
                raise UsageError(f"{self.name}: no feature {self._target!r} for target; {near}")
            place = features.index(self._target)
        return Replayed(self._blank, place, self.name)

    def _restore(self, columns: int, size: int, state: dict[str, list[Any]]) -> Replayed:
        stream = self._stream(columns, size)
        stream.restore(state, columns)
        return stream

    def save(self, folder: Path) -> None:
        """Write parameters and learnt rows; what could only be pickled is a `NotSaved`."""
        refuse_unknown(self.estimator, self.name)
        parameters = plain_parameters(self._blank, self.name)
        parameters.pop("seed", None)  # the state has it
        about = MadeState(parameters=parameters, target=self._target, version=version_of(self.name))
        state = self._state()
        twin = self._again(about, state, folder)
        for name, group in self._groups.items():
            if group.model is not None and not group.model.agrees(twin._groups[name].model):
                raise NotSaved(
                    f"{self.name} cannot be saved: taught the same windows again it scores otherwise, so only"
                    " pickle could keep it; give it a seed, or train it anew where it is needed"
                )
        write_files(folder, dict(zip(_FILES, (state_bytes(about), state_bytes(state)), strict=True)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Learn again the rows that `save` wrote."""
        files = read_files(folder, _FILES)
        about = parse_state(files["made.json"], MadeState, folder)
        return cls._again(about, parse_state(files["state.json"], OnlineState, folder), folder)

    @classmethod
    def _again(cls, about: MadeState, state: OnlineState, folder: Path) -> Self:
        return cls._of(state, folder, target=about.target, **about.parameters)


def _wants_target(estimator: Any) -> bool:
    """Say whether an estimator, or the one that it filters, is one of River's supervised scorers."""
    inner = getattr(estimator, "anomaly_detector", estimator)
    return "y" in inspect.signature(inner.score_one).parameters


def _refuse_unlearning(estimator: Any, name: str) -> None:
    """Refuse the filter that learns nothing when it is set to learn everything."""
    for part in [estimator, *getattr(estimator, "steps", {}).values()]:
        unprotected = getattr(part, "protect_anomaly_detector", True) is False
        if unprotected and type(part).__name__ == "ThresholdFilter":
            raise UsageError(
                f"{name}: River's ThresholdFilter with protect_anomaly_detector=False never learns;"
                " adapt its anomaly_detector itself, the alarm threshold is the calibration's"
            )
