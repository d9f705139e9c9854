"""What a workload took up in several replicas at once: one finding about the workload.

A roll-out, a changed setting, a new destination, or an attacker who does the same everywhere: pairs that are
*shared* (`rtml.features.shared`) make one finding per workload and episode (see `episodes`), with the
list of changes and of containers. Who reads it decides which it is: no container alone can tell. It is
reported when its bits would make a tree alarm, so that a file more in three replicas is no news.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.findings.levels import LEVELS
from rtml.findings.unit import MOST_CONTRIBUTIONS, MOST_EVIDENCE, stable_id
from rtml.models.explaining.episodes import episodes
from rtml.models.explaining.wording import does
from rtml.schema import FINDINGS, IDENTITY, conform
from rtml.text import visible

__all__ = [
    "CHANGED",
    "DETECTOR",
    "LEAST_BITS",
    "changes",
    "folded",
    "found",
    "great",
    "is_change",
    "taken_up",
]

CHANGED = "Change:Runtime/WorkloadChanged"
"""Type of a finding about a workload whose replicas changed together."""

DETECTOR = "workload_changes"
"""What such a finding says as its detector."""

LEAST_BITS = 30.0
"""Bits, summed over the most surprising pair of each conditional, from which a change is reported."""

_MOST_NAMED = 4
_PAIR = ["conditional", "key", "context"]
_ORDER = ["bits", "time", "host", "seq", *_PAIR, "container_id"]
_DOWN = [True, *[False] * (len(_ORDER) - 1)]
_PLACE = [name for name in IDENTITY if name not in ("container_id", "container_name", "host", "pod")]


def is_change() -> pl.Expr:
    """Say which findings are about a workload that changed."""
    return pl.col("type") == CHANGED


def changes(surprises: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per peer group and episode in which its replicas took something up together.

    Parameters
    ----------
    surprises
        `rtml.features.EVENT_SURPRISES`, those that are ``shared`` among them.
    containers
        `rtml.schema.IDENTITY`, ``peers`` (`rtml.peers`) and ``new_image``, one row per container.

    Returns
    -------
    `FINDINGS` of type `CHANGED`: no container, no process, ``containers``, and one contribution per change.
    Severity is low where all of them run a new image of the workload, else medium.
    """
    return found(folded(taken_up(surprises, containers)))


def taken_up(surprises: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """Return the surprises that are ``shared``, each with what is known of its container.

    Beside them ``n`` (how many a row stands for: one), ``since`` and ``until`` (when they were).
    """
    shared = surprises.filter("shared").join(containers, on="container_id", suffix="_c")
    return shared.with_columns(n=pl.lit(1, pl.Int64), since="time", until="time")


def folded(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave of each pair and container the row that showed it first, with the bits of the weightiest.

    So what a workload does ever after its change takes no more room; folding early, late or twice gives the
    same findings.
    """
    place = ["peers", *_PAIR, "container_id"]
    first = pl.all().exclude(*place, "bits", "n", "since", "until").first()
    return (
        rows.sort("since", "host", "seq", "process_id", *place)
        .group_by(place, maintain_order=True)
        .agg(first, pl.col("bits").max(), pl.col("n").sum(), pl.col("since").min(), pl.col("until").max())
        .select(rows.columns)
    )


def great(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the `folded` rows of changes that are reported, with ``episode`` and ``score`` of each."""
    parts = episodes(rows)
    best = parts.group_by("episode", "conditional").agg(pl.col("bits").max()).sort("episode", "conditional")
    sums = best.group_by("episode", maintain_order=True).agg(score=pl.col("bits").sum())
    return parts.join(sums.filter(pl.col("score") >= LEAST_BITS), on="episode", maintain_order="left")


def found(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the findings that `folded` rows make: see `changes`."""
    parts = great(rows).sort("since", "host", "seq", *_PAIR).partition_by("episode", maintain_order=True)
    made = [_finding(part) for part in parts]
    return conform(pl.DataFrame(made, schema=FINDINGS, orient="row"), FINDINGS).sort(
        "first_seen", "finding_id"
    )


def _evidence(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the events that show a change: the weightiest of each process tree before the next of any."""
    ordered = rows.sort(_ORDER, descending=_DOWN).unique(["host", "seq"], keep="first", maintain_order=True)
    nth = pl.int_range(pl.len()).over("container_id", "root_id")
    turns = ordered.with_columns(_nth=nth).sort("_nth", maintain_order=True)
    return turns.select("host", "seq").head(MOST_EVIDENCE).to_dicts()


def _finding(rows: pl.DataFrame) -> dict[str, Any]:
    """Make one finding of one episode of one peer group, in order of time."""
    pairs = rows.group_by(_PAIR).agg(pl.col("bits").max(), n=pl.col("container_id").n_unique())
    ranked = pairs.sort("bits", *_PAIR, descending=[True, False, False, False])
    total = float(ranked["bits"].sum())
    identity = {name: _only(rows[name]) for name in _PLACE}
    members = sorted(rows["container_id"].unique().to_list())
    first = rows["since"].min()
    earliest = rows.row(0, named=True)
    return {
        **dict.fromkeys(FINDINGS),
        **identity,
        "finding_id": stable_id(
            DETECTOR, CHANGED, str(rows["peers"][0]), str(first), *(str(earliest[name]) for name in _PAIR)
        ),
        "source": "model",
        "detector": DETECTOR,
        "type": CHANGED,
        "severity": LEVELS["low"] + 0.9 if _new_version(rows) else LEVELS["medium"],
        "score": float(rows["score"][0]),
        "first_seen": first,
        "last_seen": rows["until"].max(),
        "count": int(rows["n"].sum()),
        "title": _title(rows, ranked, len(members)),
        "contributions": [
            {
                "feature": f"{conditional}: {key} given {context}",
                "value": bits,
                "usual": None,
                "share": bits / total,
            }
            for conditional, key, context, bits, _ in ranked.head(MOST_CONTRIBUTIONS).iter_rows()
        ],
        "evidence": _evidence(rows),
        "containers": members,
    }


def _new_version(rows: pl.DataFrame) -> bool:
    return bool(rows["new_image"].all())


def _only(values: pl.Series) -> str | None:
    distinct = values.drop_nulls().unique()
    return str(distinct[0]) if len(distinct) == 1 else None


def _title(rows: pl.DataFrame, ranked: pl.DataFrame, members: int) -> str:
    """Say what changed: ``app: 5 containers of app:2 change together: calls 10.0.0.9 443, starts …``.

    The weightiest change of each kind comes before the next of any.
    """
    image = _only(rows["image"]) if _new_version(rows) else None
    kinds = ranked.select("conditional", "key").unique(maintain_order=True)
    nth = pl.int_range(pl.len()).over("conditional")
    turns = kinds.with_columns(_nth=nth).sort("_nth", maintain_order=True)
    words = dict.fromkeys(does(*change) for change in turns.select("conditional", "key").iter_rows())
    named = list(words)[:_MOST_NAMED]
    more = f" and {len(words) - len(named)} more" if len(words) > len(named) else ""
    version = f" of {image}" if image else ""
    who = f"{members} containers{version} change together" if members > 1 else f"1 container{version} changes"
    return visible(f"{rows['peers'][0]}: {who}: {', '.join(named)}{more}")
