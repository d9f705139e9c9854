"""Hosts, images, workloads or technique families that are judged and were never seen before.

What is held out of containers is left out of all learning, calibration and tuning, and nothing else is
judged: the result is of an image (a host, a workload) that nobody knew. A technique family has no benign time
to leave out, and no model learns attacks: holding it out says something about what was *chosen* with early
attacks at hand (thresholds, exceptions, settings), and judges its attacks alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from rtml.captures import Capture
from rtml.captures.leaving_out import PartialCapture, cells_of
from rtml.errors import RtmlError, UsageError, did_you_mean
from rtml.evaluation import Proof, Side, Track
from rtml.evaluation.targets import overlaps, targets
from rtml.experiment.early import Early
from rtml.findings.about import about
from rtml.images import repository
from rtml.models import Scored
from rtml.splits import Split
from rtml.times import instant

__all__ = ["KINDS", "HeldOut", "held_containers", "hold_out", "of_techniques"]

KINDS = ("host", "image", "workload", "technique")
"""What can be held out."""


@dataclass(frozen=True)
class HeldOut:
    """``containers``: the only ones judged, null: all; ``techniques``: families judged, none: all."""

    containers: pl.Series | None
    techniques: tuple[str, ...]
    notes: tuple[str, ...]

    def unseen(self, early: Early, split: Split, labels: pl.DataFrame) -> Early:
        """Leave what is held out out of all that learns, besides early attacks that are left out already."""
        start, _, test, _ = split.edges
        more = [early.cells]
        if self.techniques:
            attacks = labels.filter(of_techniques(self.techniques) & (pl.col("start") < instant(test)))
            more.append(cells_of(attacks, early.every))
        if self.containers is not None:
            end = instant(test) - pl.duration(nanoseconds=1, time_unit="ns")
            spans = pl.select(container_id=self.containers, start=instant(start), end=end)
            more.append(cells_of(spans, early.every, after=0))
        cells = pl.concat(more).unique()
        if not self.notes:
            return early
        whole = early.capture.whole if isinstance(early.capture, PartialCapture) else early.capture
        assert whole is not None
        capture = PartialCapture.of(whole, cells, early.every)
        return replace(early, capture=capture, cells=cells, notes=[*early.notes, *self.notes])

    def scored(self, scored: Scored) -> Scored:
        """Return what was scored of the containers that are judged."""
        if self.containers is None:
            return scored
        names = ("windows", "scores", "trees", "tree_scores", "surprises")
        tables = {name: getattr(scored, name).filter(self._here()) for name in names}
        return replace(scored, findings=scored.findings.filter(about(self._known())), **tables)

    def sides(self, sides: Sequence[Side]) -> list[Side]:
        """Return sides with findings in the containers that are judged alone."""
        if self.containers is None:
            return list(sides)
        return [replace(side, findings=side.findings.filter(about(self._known()))) for side in sides]

    def labels(self, labels: pl.DataFrame) -> pl.DataFrame:
        """Return the labels of the containers that are judged."""
        return labels if self.containers is None else labels.filter(self._here())

    def track(self, track: Track) -> Track:
        """Judge the attacks of the techniques alone; other attacks are neither right nor wrong to find."""
        if not self.techniques:
            return track
        kept, others = (
            track.labels.filter(mask)
            for mask in (of_techniques(self.techniques), ~of_techniques(self.techniques))
        )
        if kept.is_empty():
            raise RtmlError(f"no attack of technique {', '.join(self.techniques)} lies in the test")
        key = ["container_id", "window"]
        plain = track.windows.drop("target")
        other = targets(plain, others, track.every, track.grace).filter(pl.col("target").ne_missing(0))
        here = targets(plain, kept, track.every, track.grace)
        marked = here.join(
            other.select(key).with_columns(other=True), on=key, how="left", maintain_order="left"
        )
        target = pl.when(pl.col("other") & (pl.col("target") == 0)).then(None).otherwise("target")
        return replace(
            track,
            windows=marked.with_columns(target=target).drop("other"),
            labels=kept,
            hits=overlaps(plain, kept, track.every),
            left_out=pl.concat([track.left_out, others]),
            counts=track.counts | {"attacks": kept.height},
        )

    def proof(self, proof: Proof) -> Proof:
        """Say in the proof what was held out."""
        return replace(proof, notes=[*proof.notes, *self.notes])

    def _here(self) -> pl.Expr:
        return pl.col("container_id").cast(pl.String).is_in(self._known().implode())

    def _known(self) -> pl.Series:
        return pl.Series([], dtype=pl.String) if self.containers is None else self.containers


def hold_out(wanted: Mapping[Any, Sequence[str]], capture: Capture, labels: pl.DataFrame) -> HeldOut:
    """Look up what is to be held out.

    Parameters
    ----------
    wanted
        Names by `KINDS`: a host, a workload, an image or its repository, a technique (``T1059`` holds
        ``T1059.004`` too).

    Raises
    ------
    UsageError
        The capture or its labels hold no such name.
    RtmlError
        Nothing would be left to learn from.
    """
    containers, held = capture.judged(), held_containers(wanted, capture)
    techniques = tuple(wanted.get("technique", ()))
    known = labels["technique"].drop_nulls().unique().sort().to_list()
    for name in techniques:
        if labels.filter(of_techniques([name])).is_empty():
            raise UsageError(
                f"no attack is of technique {name!r}; {did_you_mean(name, known)}", argument="hold_out"
            )
    return HeldOut(held, techniques, tuple(_notes(wanted, containers, held)))


def held_containers(wanted: Mapping[Any, Sequence[str]], capture: Capture) -> pl.Series | None:
    """Return the containers that are held out by host, image or workload; null: none is asked for.

    Raises
    ------
    UsageError
        The capture holds no such name.
    RtmlError
        Nothing would be left to learn from.
    """
    containers = capture.judged()
    masks = [_mask(containers, kind, name) for kind in KINDS[:-1] for name in wanted.get(kind, ())]
    if not masks:
        return None
    held = containers.filter(pl.any_horizontal(masks))["container_id"]
    if len(held) == containers.height:
        raise RtmlError("every container would be held out: nothing is left to learn from")
    return held


def _mask(containers: pl.DataFrame, kind: str, name: str) -> pl.Series:
    values = containers[kind]
    mask = values.eq_missing(pl.Series([name]))
    if kind == "image":
        mask |= (containers.select(repository(pl.col(kind))).to_series() == name).fill_null(False)
    if not mask.any():
        names = values.drop_nulls().unique().to_list()
        raise UsageError(
            f"no container is of {kind} {name!r}; {did_you_mean(name, names)}", argument="hold_out"
        )
    return mask


def of_techniques(techniques: Sequence[str]) -> pl.Expr:
    """Say of labels whether they are of a technique or below it."""
    names = [
        (pl.col("technique") == name) | pl.col("technique").str.starts_with(f"{name}.") for name in techniques
    ]
    return pl.any_horizontal(names).fill_null(False)


def _notes(
    wanted: Mapping[Any, Sequence[str]], containers: pl.DataFrame, held: pl.Series | None
) -> list[str]:
    named = ", ".join(f"{kind} {name}" for kind in KINDS[:-1] for name in wanted.get(kind, ()))
    notes = []
    if held is not None:
        notes.append(
            f"held out: {named}: {len(held)} of {containers.height} containers were left out of learning, "
            "calibration and tuning, and only they are judged"
        )
    if wanted.get("technique"):
        notes.append(
            f"held out: technique {', '.join(wanted['technique'])}: only these attacks are judged; no model "
            "learns attacks, so this says something about what was tuned or chosen, and no more"
        )
    return notes
