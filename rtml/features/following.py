"""What replicas take up one after the other, as events come: the rule of roll-outs with a hold.

`rtml.features.shared` looks at all time that is judged together. A stream cannot: what is new in one replica
is held for a stated time (the *hold*), and judged by what other replicas have taken up until then. A pair is
taken up by the workload at the first sighting (window) at which, of the sightings so far,

- three lie within ten minutes; or
- there are three, of at least half of the group's containers; or
- there are two of an image that the baseline does not have, of at least half of the containers of those.

Containers count that were active since the first sighting, or in the ten minutes before this one. A cell of a
window is shared when the pair was taken up by the end of the hold after it: what was shown earlier was alone
when it was judged, what comes later is what the workload does. So a window depends on nothing that lies
further ahead than the hold, and time may be cut into batches anywhere.

Fails when replicas follow each other more slowly than the hold: the first are judged alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from rtml.asof import asof
from rtml.baselines import Baseline
from rtml.features.shared import FEWEST, TOGETHER, new_images
from rtml.features.source import Source
from rtml.schema import empty
from rtml.times import UTC_NS, Window

__all__ = ["ACTIVE", "FIRST", "TAKEN", "UNTIL", "Following", "Sightings"]

_PAIR = ["peers", "subject", "key"]
_OF = ["conditional", *_PAIR]
_TEXT: dict[str, pl.DataType] = dict.fromkeys(_OF, pl.String())
FIRST = pl.Schema({**_TEXT, "container_id": pl.String(), "window": UTC_NS, "new_image": pl.Boolean()})
"""When a container first showed a pair that its workload never had."""

TAKEN = pl.Schema({**_TEXT, "since": UTC_NS})
"""When a workload took up a pair."""

ACTIVE = pl.Schema(
    {"container_id": pl.String(), "peers": pl.String(), "window": UTC_NS, "new_image": pl.Boolean()}
)
"""When a container was last active."""

UNTIL = pl.Schema({"container_id": pl.String(), "until": UTC_NS})
"""Until when a container was judged: earlier windows are context, and show nothing new."""


@dataclass(frozen=True)
class Sightings:
    """What earlier batches showed: ``first`` (`FIRST`), ``taken`` (`TAKEN`), ``last`` (`ACTIVE`)."""

    first: pl.DataFrame = field(default_factory=FIRST.to_frame)
    taken: pl.DataFrame = field(default_factory=TAKEN.to_frame)
    last: pl.DataFrame = field(default_factory=ACTIVE.to_frame)


class Following:
    """One reading of events, compared with what earlier ones showed.

    Parameters
    ----------
    source, baseline
        What is read, and the history that says what is new.
    hold
        How far ahead a window may look.
    before
        What earlier batches showed.
    until
        `UNTIL`; containers that are not in it are judged from their first event on.
    """

    def __init__(
        self,
        source: Source,
        baseline: Baseline,
        hold: dt.timedelta,
        before: Sightings | None = None,
        until: pl.DataFrame | None = None,
    ) -> None:
        self.source, self.baseline, self.hold = source, baseline, hold
        self.before = Sightings() if before is None else before
        self.until = empty(UNTIL) if until is None else until
        self._first = [self.before.first]
        self._taken = [self.before.taken]

    def judged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows (``container_id``, ``window``) that are not context."""
        dated = rows.join(self.until, on="container_id", how="left", maintain_order="left")
        return dated.filter((pl.col("window") >= pl.col("until")).fill_null(True)).drop("until")

    def taken_up(self, conditional: str, rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
        """Return when workloads took up pairs: ``group``, ``pair``, ``since``; others are not in it.

        Parameters
        ----------
        conditional
            Its name.
        rows
            ``container_id`` (text), ``window``, ``group``, ``pair``, ``seen``: its scored pairs.
        names
            ``group``, ``pair``, ``peers``, ``subject``, ``key``.
        """
        texts = names.select("group", "pair", *_PAIR).unique()
        fresh = self.judged(rows.filter(~pl.col("seen")).select("container_id", "window", "group", "pair"))
        now = fresh.join(texts, on=["group", "pair"]).group_by(*_PAIR, "container_id")
        named = now.agg(pl.col("window").min()).join(self._containers, on=["container_id", "peers"])
        seen = _of(self.before.first, conditional)
        first = pl.concat([seen, named.select(seen.columns)]).sort("window", "container_id")
        first = first.unique([*_PAIR, "container_id"], keep="first", maintain_order=True)
        came = named.join(seen, on=[*_PAIR, "container_id"], how="anti", nulls_equal=True)
        taken = pl.concat([_of(self.before.taken, conditional), self._decided(first, came)])
        taken = taken.group_by(_PAIR).agg(pl.col("since").min())
        self._first.append(_named(came, conditional, FIRST))
        self._taken.append(_named(taken, conditional, TAKEN))
        return texts.join(taken, on=_PAIR, nulls_equal=True).select("group", "pair", "since")

    def after(self, border: pl.Expr) -> Sightings:
        """Return what is to be remembered once all windows up to ``border`` (their start) are judged."""
        active = self._activity.filter(pl.col("window") <= border)
        taken = pl.concat(self._taken).group_by(_OF).agg(pl.col("since").min())
        return Sightings(
            pl.concat(self._first).filter(pl.col("window") <= border).sort(*_OF, "window", "container_id"),
            taken.filter(pl.col("since") <= border).sort(_OF),
            active.group_by("container_id", maintain_order=True).last().select(ACTIVE.names()),
        )

    @cached_property
    def _containers(self) -> pl.DataFrame:
        """``container_id``, ``peers``, ``new_image`` of all that are known, as they are now."""
        now = new_images(self.source.peers, self.baseline.population())
        gone = self.before.last.join(now, on="container_id", how="anti").select(now.columns)
        return pl.concat([now, gone])

    @cached_property
    def _activity(self) -> pl.DataFrame:
        """`ACTIVE`: every window in which a container was active, in order of time."""
        cells = self.source.volume.select("container_id", "window").unique()
        earlier = self.before.last.select("container_id", "window")
        known = pl.concat([earlier, cells]).unique().join(self._containers, on="container_id")
        return known.select(ACTIVE.names()).sort("window", "container_id")

    def _decided(self, first: pl.DataFrame, came: pl.DataFrame) -> pl.DataFrame:
        """Return what is taken up at one of the sightings that ``came``: `_PAIR`, ``since``."""
        several = first.filter(pl.len().over(_PAIR) > 1).sort(*_PAIR, "window", "container_id")
        third = pl.col("window") - pl.col("window").shift(FEWEST - 1).over(_PAIR)
        at_once = (third <= Window.of(TOGETHER).span).fill_null(False)
        moments = (
            several.with_columns(at_once=at_once)
            .group_by(*_PAIR, "window", maintain_order=True)
            .agg(pl.col("at_once").any(), n=pl.len(), n_new=pl.col("new_image").sum())
            .with_columns(
                pl.col("n", "n_new").cum_sum().over(_PAIR).cast(pl.Int64),
                begun=pl.col("window").min().over(_PAIR),
            )
            .join(came.select(*_PAIR, "window").unique(), on=[*_PAIR, "window"], how="semi", nulls_equal=True)
            .filter((pl.col("n") >= FEWEST) | (pl.col("n_new") > 1))
        )
        back = pl.min_horizontal("begun", pl.col("window") - Window.of(TOGETHER).span)
        asked = moments.with_columns(back=back)
        counted = asked.join(self._alive(asked), on=["peers", "window", "back"], nulls_equal=True)
        together = (pl.col("n") >= FEWEST) & (pl.col("at_once") | (2 * pl.col("n") >= pl.col("alive")))
        version = (pl.col("n_new") > 1) & (2 * pl.col("n_new") >= pl.col("alive_new"))
        return counted.filter(together | version).group_by(_PAIR).agg(since=pl.col("window").min())

    def _alive(self, asked: pl.DataFrame) -> pl.DataFrame:
        """Count the containers (``alive``, ``alive_new``) that were active from ``back`` to ``window``."""
        moments = asked.select("peers", "window", "back").unique().sort("window")
        members = moments.join(self._containers, on="peers", nulls_equal=True).sort("window")
        activity = self._activity.select("container_id", "window", last="window")
        lasts = asof(members, activity, on="window", by="container_id")
        alive = (pl.col("last") >= pl.col("back")).fill_null(False)
        return lasts.group_by("peers", "window", "back").agg(
            alive=alive.sum(), alive_new=(alive & pl.col("new_image")).sum()
        )


def _of(table: pl.DataFrame, conditional: str) -> pl.DataFrame:
    return table.filter(pl.col("conditional") == conditional).drop("conditional")


def _named(rows: pl.DataFrame, conditional: str, schema: pl.Schema) -> pl.DataFrame:
    named = rows.with_columns(conditional=pl.lit(conditional))
    return named.select(pl.col(name).cast(kind) for name, kind in schema.items())
