"""What was told is no news: a tree that shows nothing but what its peers have just shown is not told again.

An operator who cleans up in three replicas, a job that reaches its new partner from each of its workers: one
cause alarms again and again, and a person has understood it after the first. Of our false findings nearly
half were such repeats. So a tree that alarms is a *repeat* when each of its notable surprises (at least
`NOTABLE` of its greatest) was shown within a spell before by a tree of another container of the same peer
group that alarmed too. Within a container nothing is kept back: two attacks by one shell look alike where few
families are asked, and trees alike are one finding with the events of all (`alike`).

A repeat makes no finding of its own; the finding of the first tree lists it (``again``). A tree with one
notable surprise of its own is told whole.

Fails when an attack does exactly what benign work of the workload was just reported for: it stands in the
list of that finding, which is no alarm of its own.
"""

from __future__ import annotations

import polars as pl

from rtml.models.explaining.alike import spells
from rtml.peers import UNKNOWN, peer_group
from rtml.schema import SETTINGS
from rtml.times import UTC_NS

__all__ = ["AT_SETTINGS", "NOTABLE", "REPEATS", "at_settings", "listed", "repeats_of"]

NOTABLE = 0.5
"""Surprises of a tree that are less than this share of its greatest are not looked at."""

_MOST = 50
"""Trees that a finding lists as its repeats, the first in time."""

_TREE = ["container_id", "window", "process_id"]
_PAIR = ["family", "conditional", "key", "context"]
_ID = {"container_id": pl.String(), "process_id": pl.Int64()}
REPEATS = pl.Schema(
    {**_ID, "window": UTC_NS, "first_container": pl.String(), "first_process": pl.Int64(), "first_at": UTC_NS}
)
"""Trees that are not told again, and the tree and window that told first what surprises most in them."""

AT_SETTINGS = pl.Schema({"detector": pl.String(), **_ID, "window": UTC_NS, "repeats": pl.List(pl.Float64())})
"""Per detector and tree, the budgets at which it alarms and is not told, because its news was."""


def repeats_of(alarms: pl.DataFrame, surprises: pl.DataFrame, spell: str) -> pl.DataFrame:
    """Return which of the trees that alarm show nothing new (`REPEATS`).

    Parameters
    ----------
    alarms
        ``container_id``, ``window``, ``process_id`` of one detector's alarms, and identity columns
        (`rtml.peers`): repeats are sought within a peer group.
    surprises
        `rtml.features.EVENT_SURPRISES`; what peers share is not looked at.
    spell
        What was told longer ago is told again: ``1h``. Repeats prolong it.

    Examples
    --------
    >>> import datetime as dt
    >>> at = [dt.datetime(2026, 1, 1, 0, minute, tzinfo=dt.UTC) for minute in (0, 5, 9)]
    >>> alarms = pl.DataFrame({"workload": "web", "container_id": ["a", "b", "b"], "window": at,
    ...     "process_id": [1, 2, 3]}, schema_overrides={"window": UTC_NS})
    >>> pairs = pl.DataFrame({"key": ["/x", "/x", "/y"], "bits": [9.0, 9.0, 8.0]}).with_columns(
    ...     family=pl.lit("files"), conditional=pl.lit("files.read"), context=pl.lit("web"), shared=False)
    >>> surprises = pl.concat([alarms.rename({"process_id": "root_id"}), pairs], how="horizontal")
    >>> repeats_of(alarms, surprises, "1h").select("container_id", "process_id", "first_container").rows()
    [('b', 2, 'a')]
    """
    return _repeats(_notable(alarms, surprises.lazy()), spell, [])


def _notable(alarms: pl.DataFrame, surprises: pl.LazyFrame) -> pl.DataFrame:
    """Return the notable surprises of trees that others of their peer group share; a ``_pair`` is a number.

    ``_alone``: the tree has another one, which is its container's own, so it is no repeat. What surprises may
    lie in files: texts are held of pairs that several containers show, of the others a hash.
    """
    trees = alarms.select(pl.col("window").cast(UTC_NS), "container_id", "process_id",
                          _group=peer_group(alarms.columns).fill_null(UNKNOWN)).unique(_TREE)  # fmt: skip
    numbered = trees.with_row_index("_tree").with_columns(_place=pl.col("container_id").rank("dense"))
    shown = _shown_by(numbered, surprises)
    loudest = shown.group_by("_tree", "_text").agg(pl.col("bits").max()).collect(engine="streaming")
    notable = loudest.filter(pl.col("bits") >= NOTABLE * pl.col("bits").max().over("_tree"))
    placed = notable.join(numbered, on="_tree")
    pair = ["_group", "_text"]
    lone = placed.group_by(pair).agg(_lone=pl.col("_place").min() == pl.col("_place").max())
    told = placed.join(lone, on=pair).with_columns(_alone=pl.col("_lone").any().over("_tree"))
    common = told.filter(~pl.col("_lone"))
    return common.join(_numbers(shown, common), on="_text").drop("_lone", "_text", "_tree", "_place")


def _shown_by(trees: pl.DataFrame, surprises: pl.LazyFrame) -> pl.LazyFrame:
    """Return what trees (numbers: ``_tree``) showed beyond their peers, each pair with a hash, ``_text``."""
    own = surprises.filter((pl.col("bits") > 0) & ~pl.col("shared").fill_null(False))
    timed = own.select(
        pl.col("window").cast(UTC_NS), "container_id", "bits", *_PAIR, process_id="root_id",
        _text=pl.struct(_PAIR).hash(),
    )  # fmt: skip
    return timed.join(trees.lazy().select("_tree", *_TREE), on=_TREE, nulls_equal=True)


def _numbers(shown: pl.LazyFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the hashes of pairs with numbers in the order of their texts, which are compared many times."""
    hashes = wanted.lazy().select("_text").unique()
    # Mostly there is none: then nothing is read again.
    rows = shown if wanted.height else shown.clear()
    texts = rows.join(hashes, on="_text", how="semi").select("_text", *_PAIR).unique("_text")
    return texts.sort(_PAIR).collect().with_row_index("_pair").select("_text", "_pair")


def _repeats(shown: pl.DataFrame, spell: str, by: list[str]) -> pl.DataFrame:
    """Return the columns ``by`` and `REPEATS`: each value of ``by`` is looked at for itself."""
    tree = [*by, *_TREE]
    first = _first_of_spells(shown, spell, by)
    own = pl.col("container_id") == pl.col("first_container")
    ours = first.with_columns(_own=own | pl.col("_alone"))
    ours = ours.sort("bits", "_pair", descending=[True, False])
    told = ours.group_by(tree, maintain_order=True).agg(
        pl.col("_own").any(), pl.col("first_container", "first_process", "first_at").first()
    )
    return told.filter(~pl.col("_own")).select(*by, *REPEATS.names()).sort(tree)


def _first_of_spells(shown: pl.DataFrame, spell: str, by: list[str]) -> pl.DataFrame:
    """Add the tree that showed a pair first in its spell, and the window in which it did."""
    of = [*by, "_group", "_pair"]
    ordered = shown.sort(*of, "window", "container_id", "process_id", nulls_last=True)
    numbered = ordered.with_columns(_spell=spells("window", of, spell))
    first = numbered.group_by("_spell", maintain_order=True).agg(
        first_container=pl.col("container_id").first(),
        first_process=pl.col("process_id").first(),
        first_at=pl.col("window").first(),
    )
    return numbered.join(first, on="_spell")


def listed(repeats: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Return the repeats of each finding: the columns of ``units`` that name it, and ``again``.

    Parameters
    ----------
    repeats
        `REPEATS`.
    units
        ``container_id``, ``window``, ``tree`` of what was told, and ``slot``, ``process_id`` of its finding.
    """
    told = units.unique(["container_id", "window", "tree"], maintain_order=True).select(
        "container_id", "slot", "process_id", first_at="window", first_process="tree"
    )
    named = repeats.rename({"container_id": "_container", "process_id": "_process"})
    ours = named.join(
        told, left_on=["first_container", "first_process", "first_at"],
        right_on=["container_id", "first_process", "first_at"], nulls_equal=True,
    )  # fmt: skip
    trees = ours.group_by("first_container", "slot", "process_id", "_container", "_process").agg(
        pl.col("window").min()
    )
    tree = pl.struct(container_id="_container", process_id="_process", first_seen="window")
    return (
        trees.sort("window", "_container", "_process", nulls_last=True)
        .group_by("first_container", "slot", "process_id", maintain_order=True)
        .agg(again=tree.head(_MOST), repeats=pl.len().cast(pl.Int64))
        .rename({"first_container": "container_id"})
    )


def at_settings(scores: pl.DataFrame, surprises: pl.LazyFrame, spell: str) -> pl.DataFrame:
    """Return at which of `rtml.schema.SETTINGS` a tree alarms and is a repeat.

    Parameters
    ----------
    scores
        `rtml.schema.TREE_SCORES` with identity columns.
    surprises
        `rtml.features.EVENT_SURPRISES` of all trees that alarm at any setting; they may lie in files.

    Returns
    -------
    `AT_SETTINGS`; trees that are no repeat anywhere have no row.
    """
    alarming = scores.drop_nulls("budget").with_columns(pl.col("window").cast(UTC_NS))
    settings = pl.LazyFrame({"asked": SETTINGS}, {"asked": pl.Float64})
    of_trees = alarming.lazy().select("detector", *_TREE, "budget")
    asked = of_trees.join(settings, how="cross").filter(pl.col("budget") <= pl.col("asked"))
    shown = asked.join(_notable(alarming, surprises).lazy(), on=_TREE, nulls_equal=True).collect()
    told = _repeats(shown, spell, ["detector", "asked"])
    grouped = told.group_by("detector", *_TREE, maintain_order=True)
    return grouped.agg(repeats=pl.col("asked")).select(AT_SETTINGS.names())
