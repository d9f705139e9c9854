"""Training: baseline, detectors and calibration from the time before the test, nothing from later.

Detectors learn from process trees that were featured by a baseline which had not seen them
(`rtml.features.prequential`); calibration trees come after, featured by the baseline of the training time. So
calibration and test trees are alike in all but what happened. Once thresholds are set, the baseline learns
the calibration time too. Trees that stand far outside are left out of all learning (`rtml.models.learning`).
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from rtml import features
from rtml.captures import Capture, open_captures
from rtml.captures.digest import digest_capture, named
from rtml.captures.leaving_out import PartialCapture, cells_of
from rtml.costs import spent
from rtml.detectors import Detector, feature_columns, forked, make_detector, peer_groups
from rtml.errors import UsageError, lookup
from rtml.features.reader import Readers, own_reader
from rtml.findings.verdicts import as_labels, benign_trees, read_verdicts
from rtml.models.budgets import budget_of
from rtml.models.calibration import Calibration
from rtml.models.combining import combine as combine_margins
from rtml.models.fitting import Fit
from rtml.models.judging import worst_of_trees
from rtml.models.labels import refuse_labels
from rtml.models.learning import Material, container_days, container_time, material, without
from rtml.models.model import Model
from rtml.models.parts import Description
from rtml.models.recognising import moments, paces
from rtml.models.tails import SHIPPED, prior_of
from rtml.once import once
from rtml.progress import steps
from rtml.schema import COMBINED
from rtml.splits import Split
from rtml.times import MINUTE, Length, Window

__all__ = ["RECOMMENDED", "Detectors", "train"]

RECOMMENDED = ("surprise", "half_space_trees", "isolation_forest")
"""Kinds of detectors that are combined unless something else is asked for."""

Parameters: TypeAlias = Mapping[str, Any]
Detectors: TypeAlias = Iterable["str | Detector"] | Mapping[str, "Parameters | Detector | None"]
"""Names and unlearnt detectors; or, by label, a detector or parameters: of the detector of that name, or
of the one that ``kind`` names among them."""


_USUAL = Split()


def train(
    captures: Capture | str | Path | Sequence[str | Path],
    detectors: Detectors = ("surprise",),
    split: Split = _USUAL,
    *,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    blocks: int = 8,
    seed: int = 0,
    budget: float = 1.0,
    combine: Iterable[str] | None = None,
    notes: Mapping[str, int | float | str | bool | None] | None = None,
    verdicts: str | Path | None = None,
    readers: Readers = own_reader,
    vouched: bool = False,
) -> Model:
    """Learn what is normal.

    Parameters
    ----------
    captures
        Benign time, at least up to the split's test: a capture, or paths of some.
    detectors
        Names of registered detectors or kinds as ``pyod:ECOD`` (`rtml.detectors.detector_class`),
        detectors of your own (`rtml.adapt`), or either by label. Your detectors stay unlearnt: the
        model learns copies.
    split
        Baseline and detectors learn from what ends by ``calibrate``; thresholds come from what lies
        between that and ``test``; later events are never read.
    families
        Names of `rtml.features.FAMILIES`; None takes all of ours of containers.
    every
        Length of a window.
    blocks
        Spans that the training time is cut into: each is featured by what came before it.
    seed
        Of every detector that draws at random.
    budget
        False findings per container-day that thresholds aim at, unless scoring says otherwise.
    combine
        Labels of the detectors whose combination is calibrated and judged besides; None takes those of
        `RECOMMENDED` that are there, if there are several; an empty list none.
    notes
        Anything worth keeping with the model.
    verdicts
        File of `rtml.findings.verdicts`: windows of what was said to be an attack are left out, process trees
        that were said to be benign are learnt, also where they stand far outside.
    readers
        Who reads the events: ``rtml.job.readers("ray", workers=8)`` lets processes on any machines. The model
        is the same, bit for bit.
    vouched
        Say so where no attack is left in this time, because somebody looked or labelled ones were left out.
        Then no tree is an outlier: what stands far outside is learnt and counts against budgets
        (`rtml.models.counting`). An attack that is in it all the same becomes normal, and hides others.

    Returns
    -------
    The model, with the trees that it was made of, and those that it judged as outliers.

    Raises
    ------
    RtmlError
        A part of the split holds no window.
    UsageError
        A detector or a family does not exist; a detector gets a parameter that it does not know; two
        detectors have one label.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> capture = open_capture("datasets/lab-v1/capture")
    >>> model = train(capture, ["surprise"], Split(calibrate=0.3, test=0.55), families=["commands"])
    >>> model
    Model(surprise; 14 features of commands; windows of 60s, 5 containers)
    >>> model.score(capture, start=0.55, budget=30)
    Scored(75 windows by surprise: 5 alarms, 2 findings; 0 windows were learnt from and not judged)
    """
    budget = budget_of(budget)
    capture = captures if isinstance(captures, Capture) else open_captures(_paths(captures))
    # In the order of labels, as a model that was loaded has them.
    window, entries = Window.of(every), sorted(_labelled(detectors), key=lambda pair: pair[0])
    said = [] if verdicts is None else read_verdicts(Path(verdicts))
    capture = PartialCapture.of(capture, cells_of(as_labels(said), window), window)
    refuse_labels(label for label, _ in entries)  # saving would, after all the work
    kinds = {label: _unlearnt(label, entry, seed) for label, entry in entries}
    members = _members(kinds, combine)
    wanted = None if families is None else tuple(families)
    usual = benign_trees(said)
    made = once(
        lambda: ("material", *named(capture), split, window.text, wanted, blocks, usual, vouched),
        lambda: material(capture, split, window, wanted, blocks, usual, readers, vouched),
    )
    for label, detector in steps(kinds.items(), "learning", "detectors"):
        with spent(label):
            detector.learn(made.learnt)
    calibrations, held_out = _calibrated(kinds, members, made, window, budget, vouched)
    trees = pl.concat(
        [made.learnt.with_columns(part=pl.lit("train")), made.held.with_columns(part=pl.lit("calibrate"))]
    )
    learned_until = _learned_until(trees, window)
    facts = {"budget": budget, "seed": seed, "vouched": vouched}
    times = capture.events(["time", "container_id", "kind"])
    about = Description(
        features=feature_columns(trees),
        families=list(features.FAMILIES.own if wanted is None else wanted),
        every=window.text,
        combined=members,
        held_out=held_out,
        parameters={label: _parameters(entry) for label, entry in entries},
        learned_until=learned_until,
        moments=moments(times, _latest(learned_until)),
        paces=paces(times, _latest(learned_until)),
        data={capture.path: digest_capture(capture)},
        notes={**facts, "outliers": made.outliers.height, **(notes or {})},
    )
    return Model(about, kinds, calibrations, made.later, trees, made.outliers)


def _members(kinds: Mapping[str, Detector], combine: Iterable[str] | None) -> list[str]:
    """Return the labels to combine: those asked for, else those of `RECOMMENDED` that are there."""
    if COMBINED in kinds:
        raise UsageError(f"no detector may be called {COMBINED!r}: that is their combination")
    if combine is None:
        usual = [label for label, detector in kinds.items() if detector.name in RECOMMENDED]
        return usual if len(usual) > 1 else []
    wanted = sorted(set(combine))
    for label in wanted:
        lookup(kinds, label, "detector to combine")
    return wanted


def _calibrated(
    detectors: Mapping[str, Detector],
    members: list[str],
    made: Material,
    window: Window,
    budget: float,
    vouched: bool,
) -> tuple[dict[str, Calibration], dict[str, float]]:
    """Calibrate every detector on trees that it has not learnt, and the combination on their margins.

    Online detectors learn the calibration time after that, without its outliers. Returned besides: what each
    budget realises on calibration containers that its threshold has not seen.
    """
    held, days = made.held, container_days(made.held, window)
    groups, raw, fits = peer_groups(held), {}, {}
    for label, detector in steps(detectors.items(), "calibrating", "detectors"):
        fits[label] = Fit(prior_of(detector), float(detector.in_bits), vouched)
        with spent(label):
            raw[label] = forked(detector).prequential(held)
            if detector.online:
                detector.learn(without(held, made.outliers))
    trees = {label: without(worst_of_trees(held, raw[label]), made.outliers) for label in raw}
    calibrations = {label: fits[label].of(trees[label], days) for label in raw}
    if members:
        margins = {label: calibrations[label].margins(raw[label], groups) for label in members}
        raw[COMBINED], fits[COMBINED] = combine_margins(margins), Fit(SHIPPED[COMBINED], 0.7, vouched)
        trees[COMBINED] = without(worst_of_trees(held, raw[COMBINED]), made.outliers)
        calibrations[COMBINED] = fits[COMBINED].of(trees[COMBINED], days)
    watched = container_time(held, window)
    rates = {label: fits[label].realised(trees[label], watched, budget) for label in raw}
    return calibrations, {label: rate for label, rate in rates.items() if rate is not None}


def _paths(captures: str | Path | Sequence[str | Path]) -> Sequence[str | Path]:
    return [captures] if isinstance(captures, str | Path) else captures


def _labelled(detectors: Detectors) -> list[tuple[str, Parameters | Detector | None]]:
    """Return what was asked for by label; a detector without one goes by its name."""
    if isinstance(detectors, Mapping):
        return list(detectors.items())
    pairs: list[tuple[str, Parameters | Detector | None]] = [
        (entry, None) if isinstance(entry, str) else (entry.name, entry) for entry in detectors
    ]
    labels = [label for label, _ in pairs]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise UsageError(f"two detectors are called {twice[0]!r}; give a mapping from label to detector")
    return pairs


def _unlearnt(label: str, entry: Parameters | Detector | None, seed: int) -> Detector:
    """Return a detector to learn with: a copy of the one that was passed, or a new one of that name."""
    if entry is not None and not isinstance(entry, Mapping):
        return copy.deepcopy(entry)
    return make_detector(label, entry or {}, seed)


def _parameters(entry: Parameters | Detector | None) -> dict[str, int | float | str | bool | None]:
    return dict(entry) if isinstance(entry, Mapping) else {}


def _latest(learned_until: Mapping[str, str]) -> dt.datetime | None:
    return max(map(dt.datetime.fromisoformat, learned_until.values()), default=None)


def _learned_until(windows: pl.DataFrame, window: Window) -> dict[str, str]:
    """Return, per container, the end of the last window that was learnt or calibrated on."""
    last = windows.group_by("container_id").agg(pl.col("window").max()).sort("container_id")
    return {str(container): (at + window.length).isoformat() for container, at in last.iter_rows()}
