r"""Drawn names: keys that are never seen twice, because the place they lie in draws new ones.

A temporary file, an object of git, the name of a pod: each is new, and none is news. Which places
draw names is learnt. A name is *drawn* when one container of all had it, a few times at most (it
was made, opened, gone). A place (`Places`: a key with one or two parts left open) is given by Good
and Turing the chance that its next name is new,

    new(place) = (n1 - 1/2) / (n1 + m)      with n1 drawn names, m the evidence of the others

(the estimate of Krichevsky and Trofimov over the draws after the first: one name proves nothing,
and none is taken for one).
Where it is at least `DRAWS`, in a context of its own or in the fleet, the drawn names of the place
count as one key, the place itself. So they are as usual together as one name would be that came as
often, and a thousand of them do not make the rest look rare.

Fails when every container has steady names of its own, each read a few times only: they look drawn.

References
----------
Good, "The population frequencies of species", Biometrika 40, 1953,
https://doi.org/10.1093/biomet/40.3-4.237; Krichevsky & Trofimov, "The performance of universal
encoding", 1981, https://doi.org/10.1109/TIT.1981.1056331.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml.baselines.places import Places

__all__ = ["FEW", "SCALE", "Drawn", "candidates", "damped", "drawn", "newness", "single_names"]

SCALE = 1024
"""Fixed point: one bit, or one unit of evidence, is 1024."""

FEW = 3
"""Times that one container may have seen a drawn name: made, opened, read once more."""

SEVERAL = 3
"""Containers from which on a name of one of them alone is drawn, however often it had it."""

APART = dt.timedelta(minutes=1)
"""Time between two visits of one container: names of a single visit may all come again."""


_FOLDED = pl.col("key").eq_missing(pl.col("region"))
_SCOPE = ["workload", "repository", "subject"]


@dataclass(frozen=True)
class Drawn:
    """What a history says of drawn names.

    Parameters
    ----------
    counts
        The history with ``name`` (the key as it was counted), ``once`` (whether it is a drawn
        name) and ``key``: the place, where a place draws it, else the name.
    places
        ``name``, ``place``: all names of the history that lie in a place that draws names.
    """

    counts: pl.DataFrame
    places: pl.DataFrame


def single_names(members: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return ``once`` and ``evidence`` of the names of each place: containers, where they tell."""
    witnesses = pl.col("container").n_unique().cast(pl.Int64) * SCALE
    evidence = pl.when(pl.col("several").first()).then(witnesses).otherwise(damped())
    visit = {"container": pl.col("container").min(), "first_seen": pl.col("first_seen").min()}
    return members.group_by(by).agg(pl.col("once").first(), evidence=evidence, **visit)


def damped() -> pl.Expr:
    """Return the evidence of a column ``count`` per container: ``sum log2(1 + count)``, in 1/1024."""
    return ((pl.col("count") + 1).log(2) * SCALE).round().cast(pl.Int64).sum()


def newness() -> pl.Expr:
    """Return P(next name is new) from the columns ``once`` and ``evidence`` of single names."""
    drawn_names = pl.col("once").sum().cast(pl.Int64).clip(1)
    steady = pl.when("once").then(0).otherwise("evidence").sum() / SCALE
    return (drawn_names - 0.5) / (drawn_names + steady)


def _marked(counts: pl.DataFrame) -> pl.DataFrame:
    """Add ``name``, and whether it was ``alone`` (in one container) and ``brief`` (a few times)."""
    single = counts.group_by("key").agg(
        alone=pl.col("container").n_unique() == 1, brief=pl.col("count").sum() <= FEW
    )
    marked = counts.join(single, on="key", how="left", maintain_order="left")
    return marked.with_columns(pl.col("alone") & ~_FOLDED, name="key")


def _lying(marked: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Return ``name, place, once`` of the places in which two drawn names lie, or more."""
    names = marked.filter(~_FOLDED).select("name", "container", "alone", "brief").unique()
    lying = names.join(places.table(names["name"]).rename({"key": "name"}), on="name")
    per = lying.group_by("place").agg(several=pl.col("container").n_unique() >= SEVERAL)
    once = pl.col("alone") & (pl.col("brief") | pl.col("several"))
    table = lying.select("name", "place", "alone", "brief").unique().join(per, on="place")
    found = table.select("name", "place", "several", once=once)
    several = found.group_by("place").agg(pl.col("once").sum()).filter(pl.col("once") > 1)
    return found.join(several.select("place"), on="place", how="semi")


def _drawing(members: pl.DataFrame, scope: list[str]) -> pl.DataFrame:
    """Return the places that draw names in a scope, with P(next name is new)."""
    names = single_names(members, [*scope, "place", "name"])
    container, first = (pl.col(column).filter("once") for column in ("container", "first_seen"))
    apart = (container.n_unique() > 1) | ((first.max() - first.min()) >= APART).fill_null(False)
    places = names.group_by(*scope, "place").agg(new=newness(), apart=apart)
    return places.filter("apart").drop("apart")


def _best(members: pl.DataFrame, scopes: list[tuple[list[str], pl.DataFrame]]) -> pl.DataFrame:
    """Return the place of every drawn name and scope: the likeliest to draw, then the narrowest."""
    once = members.filter("once").select(*_SCOPE, "name", "place").unique()
    found = pl.concat(
        once.join(places, on=[*scope, "place"], nulls_equal=True) for scope, places in scopes
    )
    wide = pl.col("place").str.count_matches("*", literal=True)
    ordered = found.with_columns(wide=wide).sort(
        "new", "wide", "place", descending=[True, False, False]
    )
    return ordered.group_by(*_SCOPE, "name", maintain_order=True).agg(pl.col("place").first())


def candidates(learnt: Drawn, places: Places | None, keys: pl.Series) -> pl.DataFrame:
    """Return ``key, place``: the places of a history that might have drawn these keys."""
    if places is None:
        return pl.DataFrame(schema={"key": pl.String, "place": pl.String})
    distinct = pl.DataFrame({"key": keys.unique()}, {"key": pl.String})
    folded = distinct.with_columns(place=places.region(pl.col("key")))
    regions = learnt.counts.filter(_FOLDED).select(place="key")
    there = pl.concat([learnt.places.select("place"), regions]).unique()
    return pl.concat([places.table(keys), folded]).join(there, on="place", how="semi").unique()


def drawn(counts: pl.DataFrame, places: Places | None) -> Drawn:
    """Learn which places draw names, and count their drawn names as one key each.

    Parameters
    ----------
    counts
        Rows of `rtml.baselines.counting.COUNTS` of one conditional.
    places
        How its keys lie in places; None: no name is drawn.
    """
    if places is None:
        nowhere = {"name": pl.String, "place": pl.String, "once": pl.Boolean, "several": pl.Boolean}
        return Drawn(counts.with_columns(name="key"), pl.DataFrame(schema=nowhere))
    marked = _marked(counts)
    lying = _lying(marked, places)
    members = marked.join(lying, on="name")
    scopes = [(scope, _drawing(members, scope)) for scope in (_SCOPE, [])]
    best = _best(members, scopes)
    relabelled = marked.join(best, on=[*_SCOPE, "name"], how="left", nulls_equal=True, maintain_order="left")
    chosen = best.select("place").unique()
    return Drawn(
        relabelled.with_columns(key=pl.coalesce("place", "key")).drop("place"),
        lying.join(chosen, on="place", how="semi"),
    )
