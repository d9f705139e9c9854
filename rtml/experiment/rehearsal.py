"""A rehearsal: an experiment judged in the time before its test, so that settings can be chosen.

The time for calibration is halved: thresholds come from its first half, judged is the second, into which
foreign trees were put (`rtml.experiment.foreign`). Nothing of the test is read: the copy that is rehearsed on
ends where it begins, and its labels stay closed (`rtml.experiment.guard`). Nor is what the experiment holds
out: its containers are not in the copy, and windows of early attacks of its techniques are not either.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml.captures import Capture, open_capture
from rtml.captures.leaving_out import cells_of, leave_out
from rtml.errors import UsageError
from rtml.evaluation import assess, read_labels
from rtml.evaluation.measure import kept
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import model_sides
from rtml.experiment.copies import write_copy
from rtml.experiment.foreign import foreign
from rtml.experiment.guard import closed
from rtml.experiment.holding_out import held_containers, of_techniques
from rtml.experiment.looked_at import capture_of
from rtml.experiment.run import learn
from rtml.experiment.tracks import track_of
from rtml.schema import COMBINED
from rtml.splits import Split
from rtml.times import instant

__all__ = ["REHEARSED", "Rehearsal", "chosen_side", "rehearsal"]

REHEARSED = pl.Schema(
    {
        "side": pl.String(),
        "found": pl.Int64(),
        "of": pl.Int64(),
        "false": pl.Int64(),
        "days": pl.Float64(),
        "budget": pl.String(),
        "auroc": pl.Float64(),
    }
)
"""One row per model: foreign trees found, false findings, container-days, budget held or broken, AUROC."""


@dataclass(frozen=True)
class Rehearsal:
    """The copy, what was put into it, and where it is cut."""

    capture: Capture
    labels: pl.DataFrame
    split: Split

    def judge(self, experiment: Experiment) -> pl.DataFrame:
        """Train and judge one configuration; return `REHEARSED`, the combination first."""
        split, every = self.split, experiment.every
        cleaned = experiment.split.early_attacks == "leave out"
        model = learn(experiment, self.capture, split, vouched=cleaned)
        scored = model.score(self.capture, start=split.edges[2], end=split.edges[3])
        sides = model_sides(scored, scored.fitted_until)
        track = track_of(
            self.capture, scored.windows, self.labels, sides, every, split=split, seed=experiment.seed
        )
        verdicts = [assess(side, track, resamples=0) for side in sides]
        rows = [
            (v.side.name, int(v.found), v.total, int(v.false), v.days,
             kept(int(v.false), experiment.budget * v.days), v.auroc.value)
            for v in verdicts
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=REHEARSED, orient="row")


def chosen_side(table: pl.DataFrame, wanted: str | None = None) -> str:
    """Return the side that a choice is about: the wanted, else the combination, else the first.

    Raises
    ------
    UsageError
        There is no such side.
    """
    names = table["side"].to_list()
    if wanted is not None and wanted not in names:
        raise UsageError(f"no side {wanted!r}; there are {', '.join(names)}", argument="side")
    return wanted or (COMBINED if COMBINED in names else str(names[0]))


@contextmanager
def rehearsal(experiment: Experiment) -> Iterator[Rehearsal]:
    """Make the copy that an experiment is rehearsed on; it is gone afterwards.

    Raises
    ------
    UsageError
        The experiment names no capture or no labels.
    RtmlError
        There is too little time before the test, or somebody opened the labels meanwhile.
    """
    if not experiment.capture or experiment.labels is None:
        raise UsageError("an experiment needs `capture` and `labels`")
    whole = capture_of(experiment)
    split = experiment.split.of(whole, experiment.every)
    events = _before_test(whole, split, experiment)
    with closed(experiment.labels), tempfile.TemporaryDirectory(prefix="rtml-rehearsal-") as folder:
        plain = open_capture(write_copy(whole, events, Path(folder) / "plain"))
        start, calibrate, test, _ = split.edges
        middle = experiment.every.border(calibrate + (test - calibrate) / 2)
        made = foreign(plain, middle, test, experiment.seed)
        copy = write_copy(whole, made.events, Path(folder) / "capture")
        yield Rehearsal(open_capture(copy), made.labels, Split(calibrate, middle, start, test))


def _before_test(capture: Capture, split: Split, experiment: Experiment) -> pl.DataFrame:
    """Return the events before the test, without what is held out and early attacks that are left out.

    Only for these are labels read, and of them those before the test alone.
    """
    start, _, test, _ = split.edges
    events = capture.events().filter(pl.col("time").is_between(instant(start), instant(test), closed="left"))
    if (held := held_containers(experiment.hold_out, capture)) is not None:
        events = events.filter(~pl.col("container_id").cast(pl.String).is_in(held.implode()))
    techniques, whole = (
        experiment.hold_out.get("technique", []),
        experiment.split.early_attacks == "leave out",
    )
    if (techniques or whole) and experiment.labels is not None:
        early = read_labels(experiment.labels).filter(pl.col("start") < instant(test))
        left_out = early if whole else early.filter(of_techniques(techniques))
        events = leave_out(events, cells_of(left_out, experiment.every), experiment.every)
    return events.collect()
