"""Findings that go on after a restart: the same program does the same strange thing again, as another tree.

When a container's main process is restarted, its children come back as other trees: what was planted in it
is found again, and is one story. Two findings are when, in one container, the roots of their trees run the
same program with the same command line, at least one of their weightiest events is the same deed, and what
had started the one (or itself, where nobody in the container had) was gone before the other began.
"""

from __future__ import annotations

import polars as pl

from rtml.lineage import PROCESS
from rtml.schema import FINDINGS, conform
from rtml.text import SEPARATOR

__all__ = ["RESUMED", "resumed"]

RESUMED = pl.Schema({"finding_id": pl.String(), "key": pl.String()})
"""Findings with the same ``key`` are one story that a restart interrupted."""

_WEIGHTIEST = 5
_STORY = ["container_id", "exe", "cmdline", "deed"]
_DEED = ("kind", "exe", "path", "path_to", "dst_ip", "dst_port", "domain", "request")


def resumed(findings: pl.DataFrame, events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.DataFrame:
    """Return `RESUMED`: which findings go on what others began before a restart.

    Parameters
    ----------
    findings
        `FINDINGS`; those without a process tree or without evidence go on nothing.
    events, processes
        Tables of the capture that they are of.

    Notes
    -----
    Fails where the sensor did not see the end of what was restarted: then it was not, for all that is known.
    """
    told = _deeds(conform(findings, FINDINGS), events)
    trees = told.join(_roots(processes), on=["host", "root_id"]).filter(~pl.col("exe").is_null())
    # What one process has started comes before or after its restart as a whole.
    lives = trees.group_by(*_STORY, "starter").agg(pl.col("begun").min(), pl.col("gone").max())
    ordered = lives.sort(*_STORY, "begun", "starter", nulls_last=True)
    before = pl.col("gone").shift(1).over(_STORY)
    after = (before <= pl.col("begun")).fill_null(False)
    counted = ordered.with_columns(_run=(~after).cum_sum())
    several = pl.len().over("_run") > 1
    runs = counted.filter(several).select(*_STORY, "starter", key=pl.format("resumed {}", "_run"))
    found = trees.join(runs, on=[*_STORY, "starter"], nulls_equal=True)
    return found.select(RESUMED.names()).unique().sort(RESUMED.names())


def _deeds(findings: pl.DataFrame, events: pl.LazyFrame) -> pl.DataFrame:
    """Return ``finding_id, container_id, host, root_id, deed``: what weightiest events did."""
    shown = findings.drop_nulls(["process_id", "evidence"]).select(
        "finding_id", "container_id", root_id="process_id", evidence=pl.col("evidence").list.head(_WEIGHTIEST)
    )
    wanted = shown.explode("evidence").unnest("evidence")
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in _DEED]
    # Numbers first: few events are asked for, and only of those is the rest read.
    numbered = events.filter(pl.col("seq").is_in(wanted["seq"].unique().implode()))
    named = numbered.with_columns(pl.col("host").cast(pl.String))
    asked = wanted.lazy().select("host", "seq").unique()
    deeds = named.join(asked, on=["host", "seq"], how="semi").select(
        "host", "seq", deed=pl.concat_str(parts, separator=SEPARATOR)
    )
    return wanted.join(deeds.collect(engine="streaming"), on=["host", "seq"]).drop("seq").unique()


def _roots(processes: pl.LazyFrame) -> pl.DataFrame:
    """Return of every process its program, when it began, who started it and when that was gone."""
    lives = processes.with_columns(pl.col("host").cast(pl.String)).group_by(PROCESS)
    one = lives.agg(
        pl.col("container_id", "parent_id").drop_nulls().first(),
        pl.col("exe", "cmdline").sort_by("since").drop_nulls().last(),
        begun=pl.col("since").min(),
        gone=pl.when(pl.col("until").is_not_null().all()).then(pl.col("until").max()),
    ).collect()
    parents = one.select("host", "container_id", parent_id="process_id", _gone="gone", _inside=True)
    joined = one.join(parents, on=["host", "container_id", "parent_id"], how="left")
    starter = pl.when("_inside").then("parent_id").otherwise("process_id")
    gone = pl.when("_inside").then("_gone").otherwise("gone")
    return joined.select("host", "exe", "cmdline", "begun", root_id="process_id", starter=starter, gone=gone)
