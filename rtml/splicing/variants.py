"""Where a recorded attack is put: among its peers, into a roll-out, or into other workloads' images.

Each is harder than it was recorded, for another reason: among peers the surroundings differ; in a roll-out a
change of everything hides it; in another image it does what that image never did, or does daily.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from rtml.schema import INFRASTRUCTURE
from rtml.splicing.recorded import Recorded

__all__ = ["SETTLING", "VARIANTS", "Ground", "Variant"]

SETTLING = 300.0
"""Seconds from the start of a new version for which a workload counts as being rolled out."""

_UTC = pl.Datetime("ns", "UTC")
_WRITTEN = ("create", "write", "rename", "link")


@dataclass(frozen=True)
class Ground:
    """What is known of a capture for choosing containers: its containers, images of processes, attacks."""

    containers: pl.DataFrame
    recorded: Recorded

    @cached_property
    def programs(self) -> pl.DataFrame:
        """Programs that were seen running in each image, attacks left aside: ``image``, ``exe``."""
        images, own = self.recorded.images, self.recorded.own_images.select("process_id").unique()
        usual = images.join(own, on="process_id", how="anti").select("container_id", "exe").drop_nulls()
        known = self.containers.select("container_id", "image")
        return usual.unique().join(known, on="container_id").select("image", "exe").unique()

    @cached_property
    def rollouts(self) -> pl.DataFrame:
        """When workloads were rolled out: ``workload, from, to`` (nanoseconds), see `SETTLING`.

        A roll-out begins where a container starts with an image that none of its workload runs then, while
        others of the workload do. The first start of a workload is none, and a restart neither.
        """
        one = self._lives.drop_nulls("workload")
        both = one.join(one, on="workload", suffix="_other")
        alive = (pl.col("begin_other") < pl.col("begin")) & (pl.col("end_other") >= pl.col("begin"))
        told = (
            both.filter(alive)
            .group_by("workload", "container_id", "begin")
            .agg(same=(pl.col("image").eq_missing(pl.col("image_other"))).any())
        )
        starts = told.filter(~pl.col("same")).select("workload", pl.col("begin").alias("from"))
        return starts.with_columns(to=pl.col("from") + round(SETTLING * 1e9)).unique().sort(pl.all())

    @cached_property
    def _lives(self) -> pl.DataFrame:
        """Return containers that are no infrastructure, with ``begin`` and ``end`` (nanoseconds)."""
        ns = {
            name: pl.col(of).cast(_UTC).dt.epoch("ns")
            for name, of in (("begin", "first_seen"), ("end", "last_seen"))
        }
        kept = self.containers.filter(pl.col("role").ne_missing(INFRASTRUCTURE))
        return kept.with_columns(**ns).sort("container_id")

    def others(self, source: str) -> pl.DataFrame:
        """Return all containers but ``source``: their life, image, digest, workload."""
        return self._lives.filter(pl.col("container_id") != source)

    def row(self, source: str) -> dict[str, object]:
        """Return one container."""
        return self.containers.filter(pl.col("container_id") == source).row(0, named=True)


Choice = Callable[[Ground, str, str], pl.DataFrame]
"""From the ground, an attack and its container to containers and their stretches: ``container_id, begin,
end`` (nanoseconds)."""


@dataclass(frozen=True)
class Variant:
    """How containers are chosen, what labels of its trials say, and why an attack may have no place."""

    choose: Choice
    says: str
    without: str


def _same(row: Mapping[str, object], *names: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(name).eq_missing(pl.lit(row[name], pl.String)) for name in names)


def _peers(ground: Ground, attack: str, source: str) -> pl.DataFrame:
    alike = _same(ground.row(source), "image", "image_digest", "workload")
    return ground.others(source).filter(alike).select("container_id", "begin", "end")


def _in_rollouts(ground: Ground, attack: str, source: str) -> pl.DataFrame:
    """Containers of the workload, of any version, while it is rolled out."""
    mine = ground.others(source).filter(_same(ground.row(source), "workload"))
    cut = mine.join(ground.rollouts, on="workload").with_columns(
        begin=pl.max_horizontal("begin", "from"), end=pl.min_horizontal("end", "to")
    )
    kept = cut.filter(pl.col("begin") < pl.col("end")).select("container_id", "begin", "end")
    return kept.sort("container_id", "begin")


def _of_other_images(ground: Ground, attack: str, source: str) -> pl.DataFrame:
    """Containers of other workloads and images in which all programs were seen that the attack needs."""
    row = ground.row(source)
    needed = _brought_along(ground.recorded, attack)
    held = ground.programs.filter(pl.col("exe").is_in(needed.implode())).group_by("image").len()
    fit = held.filter(pl.col("len") == len(needed))["image"]
    others = ground.others(source).filter(pl.col("image").is_in(fit.implode()))
    apart = ~_same(row, "image") & ~_same(row, "workload")
    return others.filter(apart).select("container_id", "begin", "end")


def _brought_along(recorded: Recorded, attack: str) -> pl.Series:
    """Return the programs that an attack runs and has not written itself."""
    ran = recorded.own_images.filter(pl.col("attack_id") == attack)["exe"].drop_nulls().unique()
    mine = recorded.own_events.filter(pl.col("attack_id") == attack)
    kind = pl.col("kind").cast(pl.String)
    writes = mine.filter(kind.is_in(_WRITTEN) | ((kind == "open") & pl.col("wrote").fill_null(False)))
    written = pl.concat([writes["path"], writes["path_to"]]).drop_nulls().unique()
    return ran.filter(~ran.is_in(written.implode()))


VARIANTS: dict[str, Variant] = {
    "peers": Variant(_peers, "", "no other container of its image and workload has its parent process"),
    "rollouts": Variant(
        _in_rollouts, "spliced into a roll-out", "no roll-out of its workload has its parent process"
    ),
    "images": Variant(
        _of_other_images,
        "spliced into another image",
        "no other image runs all its programs and has its parent process",
    ),
}
"""By the name that `rtml.splicing.splice.splice` takes."""
