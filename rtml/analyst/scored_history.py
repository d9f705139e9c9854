"""The scores of a container or workload over time, beside calibration and roll-outs."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.analyst.desk import Desk
from rtml.captures import Capture
from rtml.errors import MissingError, UsageError, did_you_mean
from rtml.notebook.history import history
from rtml.schema import COMBINED
from rtml.showing.shown import Shown
from rtml.text import visible

__all__ = ["containers_named", "history_of", "rollouts"]

_SHORTEST = 4
_DIGEST = 12


def history_of(desk: Desk, name: str, detector: str | None) -> Shown:
    """Draw how strange a container or workload was.

    Raises
    ------
    UsageError
        No model took part.
    MissingError
        Nothing of the capture is called so, or no detector is.
    """
    scored = desk.scored
    if scored is None:
        raise UsageError("rules alone have no scores to draw: hunt with model=")
    labels = list(scored.alarms)
    chosen = detector or (COMBINED if COMBINED in labels else labels[0])
    if chosen not in labels:
        raise MissingError(f"no detector {chosen!r} took part; {did_you_mean(chosen, labels)}")
    containers = containers_named(desk.capture, name)
    alarm = scored.alarms[chosen]
    ours = scored.scores.filter((pl.col("detector") == chosen) & pl.col("container_id").is_in(containers))
    usual = dict(zip(("half of calibration", "99 % of calibration"), alarm.usual or (), strict=False))
    who = _called(desk.capture, name, containers)
    title = f"How strange {who} was ({chosen}, {alarm.budget:g} false a day)"
    return history(ours, alarm.limit, usual, rollouts(desk.capture, containers), title)


def _called(capture: Capture, name: str, containers: Sequence[str]) -> str:
    """Return what a title says: a name as it is, of a container that is named by its id the workload too."""
    if len(containers) != 1 or not containers[0].startswith(name):
        return visible(name, 60)
    known = capture.containers().filter(pl.col("container_id").cast(pl.String) == containers[0])
    workload = known["workload"].cast(pl.String)[0] or ""
    return visible(f"{workload} {containers[0][:_DIGEST]}".strip(), 60)


def containers_named(capture: Capture, name: str) -> list[str]:
    """Return the containers of a workload, or those of a name, an id or the beginning of an id.

    Raises
    ------
    MissingError
        There is none.
    """
    known = capture.containers()
    for column in ("workload", "container_name", "container_id"):
        ours = known.filter(pl.col(column).cast(pl.String) == name)
        if ours.height:
            return [str(one) for one in ours["container_id"]]
    begins = known.filter(pl.col("container_id").cast(pl.String).str.starts_with(name))
    if len(name) >= _SHORTEST and begins.height:
        return [str(one) for one in begins["container_id"]]
    names = [*known["workload"].drop_nulls(), *known["container_name"].drop_nulls()]
    raise MissingError(f"no workload or container {name!r}; {did_you_mean(name, sorted(set(names)))}")


def rollouts(capture: Capture, containers: Sequence[str]) -> pl.DataFrame:
    """Return when the workloads of containers began to run another image: ``time, what``.

    An image is its digest where that is known, else its name. What a workload ran first is no roll-out.
    """
    known = capture.containers().with_columns(pl.col("container_id", "workload").cast(pl.String))
    workloads = known.filter(pl.col("container_id").is_in(list(containers)))["workload"].drop_nulls()
    ours = known.filter(pl.col("workload").is_in(workloads.unique().implode())).with_columns(
        _image=pl.coalesce(pl.col("image_digest", "image").cast(pl.String))
    )
    first = ours.drop_nulls("_image").sort("first_seen", "container_id")
    ran = first.with_columns(_before=pl.col("_image").shift(1).over("workload"))
    changed = ran.filter(pl.col("_before").is_not_null() & (pl.col("_before") != pl.col("_image")))
    digest = pl.col("image_digest").cast(pl.String).str.strip_prefix("sha256:").str.head(_DIGEST)
    name = pl.coalesce(pl.col("image").cast(pl.String), pl.lit("image"))
    what = pl.coalesce(pl.format("{} @{}", name, digest), name)
    return changed.select(time="first_seen", what=pl.format("{}: {}", "workload", what))
