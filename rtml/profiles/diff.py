"""What one baseline has seen that another has not, per workload.

Compared are peer groups by name and keys given their nearest context (the program, the parent), so
that new containers, new images and whatever the keys fold are no difference: process ids and
versions (`rtml.features.paths`), and names that are drawn (`rtml.profiles.settled`). A workload that only
one of them knows is told as a whole.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Baseline
from rtml.baselines.conditional import SEPARATOR
from rtml.baselines.counting import POPULATION
from rtml.baselines.groups import containers_of, grouped
from rtml.features.binaries import PROGRAMS
from rtml.profiles.settled import with_drawn
from rtml.profiles.wording import ORDER

__all__ = ["DIFFERENCES", "diff", "groups_only_in"]

DIFFERENCES = pl.Schema(
    {
        "group": pl.String(),
        "family": pl.String(),
        "given": pl.String(),
        "key": pl.String(),
        "containers": pl.Int64(),
        "of": pl.Int64(),
        "count": pl.Int64(),
        "first_seen": pl.Datetime("ns", "UTC"),
        "unseen_before": pl.Float64(),
        "by_new_program": pl.Boolean(),
    }
)
"""One row per thing that is new. ``of``: containers of the group that the newer baseline learnt from."""

_THING = ["group", "family", "given", "key"]


def diff(old: Baseline, new: Baseline) -> pl.DataFrame:
    """Return what ``new`` has seen that ``old`` has not.

    Parameters
    ----------
    old, new
        Turn them round for what is gone.

    Returns
    -------
    `DIFFERENCES`, by group, then by how many containers show it (most first), by what it is (programs
    first, files read last: `rtml.profiles.wording.ORDER`) and by how often it happened.
    ``unseen_before`` is the upper end of P(next event unseen) that ``old`` had for this family of this
    group (`rtml.baselines.maturity`; 0 to 1): where it is high, something new was to be expected;
    null where ``old`` had no such event at all. ``by_new_program``: done by a program that is itself
    new in the group. Empty where nothing is new.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> row = {"family": "files.read", "workload": "web", "subject": "cat", "container": "c", "count": 1}
    >>> old = Baseline(pl.DataFrame([{**row, "key": "read /a"}], COUNTS))
    >>> new = Baseline(pl.DataFrame([{**row, "key": "read /a"}, {**row, "key": "read /b"}], COUNTS))
    >>> diff(old, new).select("group", "given", "key", "containers", "unseen_before").rows()
    [('web', 'cat', 'read /b', 1, 1.0)]
    """
    old, new = with_drawn(old, new)
    fresh = _things(new).join(_things(old), on=_THING, how="anti", nulls_equal=True)
    before = old.maturity().select("group", "family", unseen_before="high")
    members = containers_of(new).select("group", of="containers")
    rows = fresh.join(before, on=["group", "family"], how="left").join(members, on="group", how="left")
    programs = rows.filter(pl.col("family") == PROGRAMS.name).select("group", given="key", _new=True)
    marked = rows.join(programs, on=["group", "given"], how="left")
    rank = pl.col("family").replace_strict(ORDER, default=len(ORDER), return_dtype=pl.Int64)
    order = [pl.col("group"), -pl.col("containers"), rank, -pl.col("count"), "family", "given", "key"]
    return (
        marked.with_columns(by_new_program=pl.col("_new").fill_null(False))
        .select(pl.col(name).cast(kind) for name, kind in DIFFERENCES.items())
        .sort(order)
    )


def groups_only_in(one: Baseline, other: Baseline) -> pl.DataFrame:
    """Return the peer groups that ``other`` does not know: ``group``, ``containers``, ``events``."""
    return containers_of(one).join(_groups(other), on="group", how="anti").sort("group")


def _groups(baseline: Baseline) -> pl.DataFrame:
    return grouped(baseline.counts).select("group").unique()


def _things(baseline: Baseline) -> pl.DataFrame:
    """Count what was seen, whatever the image, given the nearest context alone."""
    nearest = pl.col("subject").str.split(SEPARATOR).list.first()
    counts = grouped(baseline.counts.filter(pl.col("family") != POPULATION)).with_columns(given=nearest)
    return counts.group_by(_THING).agg(
        pl.col("count").sum(),
        containers=pl.col("container").n_unique().cast(pl.Int64),
        first_seen=pl.col("first_seen").min(),
    )
