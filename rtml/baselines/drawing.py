r"""Drawn names: keys that are never seen twice, because the place they lie in draws new ones.

A temporary file, an object of git, the name of a pod: each is new, and none is news. Which places
(`rtml.baselines.places`: keys with one or two parts left open) draw names is learnt, not listed.

A name is *drawn* when one container alone had it, and either had it at most `FEW` times or belongs
to a context (workload, repository, subject) of which at least `SEVERAL` containers were in that
place: they are independent, and would have shared a steady name. After Good and Turing, the chance
that the next name of a place is new is the share of drawn names,

    new(place) = (n1 - 1/2) / (n1 + m)

with n1 drawn names and m the evidence of the others: containers that had them, summed over names,
or where containers are few `rtml.baselines.evidence.damped` counts. The 1/2 is Krichevsky and
Trofimov's, over the draws after the first: one drawn name proves little (and none counts as one,
so that nothing is impossible).

A place draws when its drawn names came in more than one visit (two containers, or a minute apart):
a program that ran once and read twenty files says nothing of the next run. There its drawn names
count as one key, the place itself, as usual as one name would be that came as often; a thousand of
them do not make the rest of their context look rare, nor all that is new look ordinary.

Fails for a value that changes once in a long time (a version, the name of a deployment): a history
holds one of them. Those that have a shape are folded before counting (`rtml.features.paths`).

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

from rtml.baselines.counting import COUNTS
from rtml.baselines.evidence import SCALE, damped
from rtml.baselines.places import Places
from rtml.schema import empty

__all__ = ["FEW", "SEVERAL", "Drawn", "candidates", "drawn", "newness", "places_with_names"]

FEW = 3
"""Times that a container has a drawn name, at most: made, opened, read once more."""

SEVERAL = 3
"""Containers of one context from which on what one of them alone had is drawn, however often."""

APART = dt.timedelta(minutes=1)
"""Time from which on two names of one container belong to two visits."""

_FOLDED = pl.col("key").eq_missing(pl.col("region"))
_SCOPE = ["workload", "repository", "subject"]
_MEMBERS = pl.Schema({**COUNTS, "place": pl.String(), "drawn": pl.Boolean(), "several": pl.Boolean()})


@dataclass(frozen=True)
class Drawn:
    """What a history says of drawn names.

    Parameters
    ----------
    counts
        The history; the key of a drawn name is its place, where that draws.
    members
        The history of the names in places that draw, as it was counted: one row for each ``place``
        that a name lies in, whether it is ``drawn`` there, and whether containers are ``several``.
    """

    counts: pl.DataFrame
    members: pl.DataFrame


def newness(members: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return ``new`` = P(next name is new) per place ``by``, and whether it ``draws``."""
    witnesses = pl.col("container").n_unique().cast(pl.Int64) * SCALE
    evidence = pl.when(pl.col("several").any()).then(witnesses).otherwise(damped())
    visit = [pl.col("container").min(), pl.col("first_seen").min()]
    names = members.group_by(*by, "key").agg(pl.col("drawn").any(), *visit, m=evidence)
    container, first = (pl.col(column).filter("drawn") for column in ("container", "first_seen"))
    apart = (container.n_unique() > 1) | (first.max() - first.min() >= APART).fill_null(False)
    once = pl.col("drawn").sum().cast(pl.Int64).clip(1)
    steady = pl.col("m").filter(~pl.col("drawn")).sum() / SCALE
    return names.group_by(by).agg(draws=apart, new=(once - 0.5) / (once + steady))


def _members(counts: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Return rows of `_MEMBERS`, of places in which at least two drawn names lie."""
    names = counts.filter(~_FOLDED)
    single = names.group_by("key").agg(
        _alone=pl.col("container").n_unique() == 1, _brief=pl.col("count").sum() <= FEW
    )
    lying = places.table(names["key"])
    alone = single.filter("_alone").join(lying, on="key").group_by("place").len()
    likely = lying.join(alone.filter(pl.col("len") > 1), on="place", how="semi")
    rows = names.join(single, on="key").join(likely, on="key")
    crowds = rows.group_by(*_SCOPE, "place").agg(several=pl.col("container").n_unique() >= SEVERAL)
    placed = rows.join(crowds, on=[*_SCOPE, "place"], nulls_equal=True)
    drawn = pl.col("_alone") & (pl.col("_brief") | pl.col("several"))
    return placed.with_columns(drawn=drawn).select(_MEMBERS.names())


def _places_of_names(members: pl.DataFrame) -> pl.DataFrame:
    """Return the place that draws each drawn name of a scope: the likeliest, then the narrowest."""
    names = members.filter("drawn").select(*_SCOPE, "key", "place").unique()
    found = pl.concat(
        names.join(newness(members, by).filter("draws"), on=by, nulls_equal=True)
        for by in ([*_SCOPE, "place"], ["place"])
    )
    wide = found.with_columns(_open=pl.col("place").str.count_matches("*", literal=True))
    ordered = wide.sort("new", "_open", "place", descending=[True, False, False])
    return ordered.unique([*_SCOPE, "key"], keep="first", maintain_order=True).drop("new", "draws", "_open")


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
        return Drawn(counts, empty(_MEMBERS))
    members = _members(counts, places)
    chosen = _places_of_names(members)
    renamed = counts.join(chosen, on=[*_SCOPE, "key"], how="left", nulls_equal=True, maintain_order="left")
    drawing = members.join(chosen.select("place").unique(), on="place", how="semi")
    return Drawn(renamed.with_columns(key=pl.coalesce("place", "key")).drop("place"), drawing)


def places_with_names(learnt: Drawn) -> pl.DataFrame:
    """Return ``place`` of each that draws names, and of regions whose names were folded."""
    folded = learnt.counts.filter(_FOLDED).select(place="key")
    return pl.concat([learnt.members.select("place"), folded]).unique()


def candidates(there: pl.DataFrame, places: Places | None, keys: pl.Series) -> pl.DataFrame:
    """Return ``key, place`` of what may hold a key, of the places ``there`` that `places_with_names` gave."""
    if places is None or there.is_empty():
        return pl.DataFrame(schema={"key": pl.String, "place": pl.String})
    region = pl.DataFrame({"key": keys.unique()}).with_columns(place=places.region(pl.col("key")))
    lying = pl.concat([places.table(keys), region.filter(pl.col("key").ne_missing(pl.col("place")))])
    return lying.join(there, on="place", how="semi").unique()
