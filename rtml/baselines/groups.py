"""Parts of a baseline: one peer group, one image."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.baselines.baseline import Baseline
from rtml.baselines.counting import POPULATION
from rtml.errors import UnknownNameError, did_you_mean
from rtml.peers import peer_group

__all__ = ["containers_of", "grouped", "of_families", "of_groups", "of_image"]

_SHORTEST = 12
"""Characters of a digest by which people call an image."""


def grouped(counts: pl.DataFrame) -> pl.DataFrame:
    """Add the column ``group``: the peer group (`rtml.peers`) that a row of counts belongs to."""
    return counts.with_columns(group=peer_group(counts.columns))


def containers_of(baseline: Baseline) -> pl.DataFrame:
    """Return how many containers of each peer group were learnt from.

    Returns
    -------
    ``group``, ``containers`` and ``events`` (all kinds), sorted by group; empty for an empty baseline.
    """
    population = grouped(baseline.population())
    counted = population.group_by("group").agg(
        containers=pl.col("container").n_unique().cast(pl.Int64), events=pl.col("count").sum()
    )
    return counted.sort("group")


def of_groups(baseline: Baseline, names: Sequence[str]) -> Baseline:
    """Return the part of a baseline that some peer groups make up; all of it without names.

    Raises
    ------
    UnknownNameError
        A name is no peer group of the baseline.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> row = {"family": "f", "workload": "web", "key": "k", "container": "c", "count": 1}
    >>> baseline = Baseline(pl.DataFrame([row, {**row, "workload": "app"}], COUNTS))
    >>> of_groups(baseline, ["web"]).counts.height
    1
    >>> of_groups(baseline, ["wep"])
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown workload 'wep'; did you mean 'web'?
    """
    if not names:
        return baseline
    group = peer_group(baseline.counts.columns)
    known = set(baseline.counts.select(group.unique()).to_series().drop_nulls())
    for name in names:
        if name not in known:
            raise UnknownNameError(f"unknown workload {name!r}; {did_you_mean(name, known)}")
    return Baseline(baseline.counts.filter(group.is_in(list(names))))


def of_families(baseline: Baseline, names: Sequence[str]) -> Baseline:
    """Return the part of a baseline that some feature families count; all of it without names."""
    if not names:
        return baseline
    family = pl.col("family").str.extract(r"^([^.]*)")
    return Baseline(baseline.counts.filter(family.is_in([*names, POPULATION])))


def of_image(baseline: Baseline, image: str) -> Baseline:
    """Return the part of a baseline that the containers of one image make up.

    Parameters
    ----------
    image
        As the counts know it: the digest where the sensor names one, else the name; a digest may
        be cut to twelve characters or more where no other begins so.

    Raises
    ------
    UnknownNameError
        The baseline has no such image, or several that begin so.
    """
    images = baseline.counts["image"].drop_nulls().unique().sort().to_list()
    bare = image.removeprefix("sha256:")
    near = [one for one in images if len(bare) >= _SHORTEST and one.removeprefix("sha256:").startswith(bare)]
    chosen = [image] if image in images else near
    if len(chosen) != 1:
        hint = f"these begin so: {', '.join(chosen)}" if chosen else did_you_mean(image, images)
        raise UnknownNameError(f"unknown image {image!r}; {hint}")
    return Baseline(baseline.counts.filter(pl.col("image") == chosen[0]))
