"""A day's trees, of all its shards, are judged together: detectors see them as of one capture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.coverage.remarks import remarks
from rtml.findings.context import with_context
from rtml.job.plan import Asked, Day
from rtml.job.shard import FACTS, SURPRISES, TREES
from rtml.models import Model, Scored
from rtml.models.alarm import with_budgets
from rtml.models.recognising import refuse
from rtml.models.scoring import conclude, unlearnt
from rtml.reading.json_text import json_of
from rtml.schema import FINDINGS, conform
from rtml.times import instant

__all__ = ["Judged", "judge_day"]


@dataclass(frozen=True)
class Judged:
    """The result of a day: ``scored``, its ``findings`` with what stands alone, and ``skipped`` windows."""

    scored: Scored
    findings: pl.DataFrame
    skipped: int
    remarks: list[str]
    """What somebody should know before trusting in silence."""


def judge_day(
    day: Day,
    capture: Capture,
    model: Model,
    asked: Asked,
    shards: Sequence[Mapping[str, Path]],
    ruled: Callable[[], pl.DataFrame] | None = None,
) -> Judged:
    """Judge the trees that shards gave.

    Parameters
    ----------
    day, capture
        The day, and all its captures as one.
    model, asked
        The model, and what was asked of it.
    shards
        Files of each shard, by the names that `rtml.job.shard.read_shard` gives them.
    ruled
        Gives the findings of rules (`rtml.job.beside`), where rules were asked for.

    Raises
    ------
    RtmlError
        The model has learnt from these events.
    """
    facts = [json_of(files[FACTS].read_bytes()) for files in shards]
    about = model.description
    refuse([told["again"] for told in facts], about.moments, day.name, about.paces)
    parts = model.forked()
    source = features.source_of(capture, None, about.window, about.families, "tree").between(*day.view)
    if set(about.families) & set(features.AUDIT_FAMILIES):
        source, _ = unlearnt(source, parts.description.learned_until)
    tree = pl.col("process_id").fill_null(0)
    trees = pl.concat([pl.read_parquet(files[TREES], glob=False) for files in shards]).sort(
        "container_id", "window", tree
    )
    surprises = pl.concat([pl.scan_parquet(files[SURPRISES], glob=False) for files in shards])
    wanted = about.budget if asked.budget is None else asked.budget
    scored = conclude(parts, source, trees, surprises, wanted, within=day.span)
    skipped = sum(told["skipped"] for told in facts)
    findings = None if ruled is None else ruled()
    return Judged(scored, _told(scored, capture, day, findings), skipped, remarks(capture))


def _told(scored: Scored, capture: Capture, day: Day, ruled: pl.DataFrame | None) -> pl.DataFrame:
    """Let findings stand alone: with the budget they were set to, and the content of their events."""
    begin, end = day.view
    events = capture.events().filter(pl.col("time").is_between(instant(begin), instant(end)))
    told = with_budgets(scored.findings, scored.alarms)
    if ruled is not None:
        told = pl.concat([conform(told, FINDINGS), conform(ruled, FINDINGS)])
    return with_context(told, events, capture.processes(), capture.audit())
