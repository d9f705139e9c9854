"""Operating points of rules: what each minimum level finds, and what it costs.

Rules have one dial, the least level that is looked at. A rule set judged at one setting of it is
easily beaten by a model that may choose its threshold; so every setting stands in the ledger, the
rules as they come and tuned.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.evaluation.matching import Matched
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.findings.levels import LEVELS

__all__ = ["POINTS", "operating_points"]

_LEAST = min(LEVELS.values())
POINTS = pl.Schema(
    [
        ("side", pl.String()),
        ("level", pl.String()),
        ("found", pl.Int64()),
        ("share", pl.Float64()),
        ("findings", pl.Int64()),
        ("false", pl.Int64()),
        ("false_per_container_day", pl.Float64()),
    ]
)
"""One row per rules side and level. ``findings`` and ``false`` count units of container x 5 minutes
x lineage root, as ledger and budget curve do."""


def operating_points(sides: Iterable[Side], track: Track) -> pl.DataFrame:
    """Return found attacks and false findings at each minimum level, for every rules side.

    Parameters
    ----------
    sides
        Only rules sides are looked at.
    track
        See `rtml.evaluation.track.make_track`; findings are matched as in the ledger's summary.

    Returns
    -------
    `POINTS`, levels from all findings to the most severe only. A finding without a severity counts at
    the lowest level alone; ``share`` is null when the track has no attack.

    Examples
    --------
    >>> from rtml.evaluation.track import make_track
    >>> from rtml.schema import FINDINGS, LABELS, conform, empty
    >>> at = pl.Series([0]).cast(pl.Datetime("ns", "UTC"))
    >>> windows = pl.DataFrame({"container_id": ["c"], "window": at})
    >>> finding = pl.DataFrame({"container_id": ["c"], "first_seen": at, "last_seen": at,
    ...                         "severity": [5.0]})
    >>> side = Side("rules", "rules", conform(finding, FINDINGS))
    >>> operating_points([side], make_track(windows, empty(LABELS))).select("level", "false").rows()
    [('informational', 1), ('low', 1), ('medium', 1), ('high', 0), ('critical', 0)]
    """
    rows = [
        _point(side.name, level, matched.only(severe), track)
        for side in sides
        if side.kind == "rules"
        for findings, matched in [track.judged(side.findings)]
        for level, least in LEVELS.items()
        for severe in [(findings["severity"].fill_null(_LEAST) >= least).arg_true()]
    ]
    return pl.DataFrame(rows, schema=POINTS, orient="row")


def _point(side: str, level: str, matched: Matched, track: Track) -> tuple[object, ...]:
    detected, attacks = matched.hits["attack_id"].n_unique(), track.labels.height
    share = detected / attacks if attacks else None
    return side, level, detected, share, matched.units, matched.false, matched.false / track.container_days
