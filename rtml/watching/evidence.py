"""Events that findings name, kept with their content until the findings are settled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from rtml.captures import Capture
from rtml.captures.archived import archived
from rtml.captures.audit import AUDIT
from rtml.captures.manifest import Growing
from rtml.captures.naming import renamed_rows
from rtml.captures.processes import PROCESSES
from rtml.findings.context import MOST_PARENTS, with_context
from rtml.schema import conform, empty

__all__ = ["Evidence"]

_EVENT = ["host", "seq"]


@dataclass
class Evidence:
    """``events`` with their content, and rows of the ``audit`` table; each event once, as read last."""

    events: pl.DataFrame = field(default_factory=empty)
    audit: pl.DataFrame = field(default_factory=AUDIT.to_frame)

    def take(self, stretch: Capture, wanted: pl.DataFrame) -> None:
        """Keep what is ``wanted`` (``host``, ``seq``) of a stretch, and of what was kept before."""
        asked = wanted.lazy()
        # Numbers alone say of most rows that they are not wanted.
        near = stretch.events().filter(pl.col("seq").is_in(wanted["seq"].unique().implode()))
        rows = near.with_columns(pl.col("host").cast(pl.String))
        new = conform(rows.join(asked, on=_EVENT, how="semi").collect(engine="streaming"))
        self.events = _newest(self.events, new, wanted)
        calls = stretch.audit().join(asked, on=_EVENT, how="semi").collect()
        self.audit = _newest(self.audit, calls, wanted)

    def shown(self, findings: pl.DataFrame, capture: Capture) -> pl.DataFrame:
        """Return findings with the content of their events (`rtml.findings.context.with_context`)."""
        audit = self.audit.lazy() if capture.manifest.audit else empty(AUDIT).lazy()
        images = _images(findings, self.events, capture)
        return with_context(findings, self.events.lazy(), images.lazy(), audit)


def _images(findings: pl.DataFrame, events: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Return the images of the processes that findings show, and of those above them.

    Of the processes that were put away only those are looked at that were heard of since the first of the
    events, and for whom is not there, by his id, the others.
    """
    growing = capture.manifest.growing
    assert growing is not None
    since = events.select(pl.col("time").min()).item()
    recent = [part for part in growing.archive if since is None or part.last >= since]
    near = _of(capture, growing.model_copy(update={"archive": recent}))
    others = growing.model_copy(update={"archive": [part for part in growing.archive if part not in recent]})
    far = renamed_rows(
        pl.concat([empty(PROCESSES).lazy(), *archived(capture.path, others, "processes", PROCESSES)]),
        growing.names,
    )
    asked = pl.concat([findings["process_id"], events["process_id"]]).drop_nulls().unique()
    return pl.concat(_upwards(near, far, asked), how="vertical_relaxed")


def _of(capture: Capture, growing: Growing) -> pl.LazyFrame:
    return replace(capture, manifest=capture.manifest.model_copy(update={"growing": growing})).processes()


def _upwards(near: pl.LazyFrame, far: pl.LazyFrame, asked: pl.Series) -> list[pl.DataFrame]:
    """Return the images of processes, and of `MOST_PARENTS` generations above them."""
    links = near.select("process_id", "parent_id").unique().collect(engine="streaming")
    wanted, rows = asked, []
    for _ in range(MOST_PARENTS + 1):
        here = links.filter(pl.col("process_id").is_in(wanted.implode()))
        away = wanted.filter(~wanted.is_in(here["process_id"].implode()))
        found = far.filter(pl.col("process_id").is_in(away.implode())).collect() if len(away) else None
        rows += [] if found is None else [found]
        above = pl.concat([here["parent_id"], *([] if found is None else [found["parent_id"]])])
        asked, known = pl.concat([asked, above.drop_nulls()]).unique(), asked
        wanted = asked.filter(~asked.is_in(known.implode()))
        if not len(wanted):
            break
    own = near.filter(pl.col("process_id").is_in(asked.implode())).collect()
    return [own, *rows]


def _newest(old: pl.DataFrame, new: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat([new, old]).with_columns(_host=pl.col("host").cast(pl.String))
    kept = both.unique(["_host", "seq"], keep="first", maintain_order=True)
    named = wanted.select(_host=pl.col("host").cast(pl.String), seq="seq")
    return kept.join(named, on=["_host", "seq"], how="semi", maintain_order="left").drop("_host")
