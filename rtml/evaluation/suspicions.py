"""What makes a result too good to be true: columns that know too much, findings made from labels.

Each suspicion is a sentence that the ledger carries and the terminal prints. None of them is proof; all of
them have been the reason why a published result did not hold.
"""

from __future__ import annotations

import polars as pl

from rtml.errors import RtmlError
from rtml.evaluation.labels.provenance import PROVENANCES, UNSAID
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.schema import feature_columns
from rtml.times import UTC_NS

__all__ = [
    "copied_times",
    "incomplete",
    "much_labelled",
    "suspicious_columns",
    "suspicious_score",
    "too_easy",
    "unsaid",
]

_ENOUGH = 3
_SEVERAL = 4
_ALIKE = 0.5
_SOLVED = 0.99
_FEW_INCOMPLETE = 0.01
_MUCH = 0.5


def copied_times(findings: pl.DataFrame, labels: pl.DataFrame, side: str) -> list[str]:
    """Say that findings have the times of the labels to the nanosecond: one was made from the other.

    Findings begin with an event, replays with an action: that both tell the same nanoseconds does not happen.
    An analyst may have labelled what the same sensor saw, so there it is a suspicion. Labels on whole
    seconds prove nothing and are not looked at.

    Raises
    ------
    RtmlError
        At least three labels of replays, and half of those that can tell, are in the findings as they are.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, LABELS, empty
    >>> copied_times(empty(FINDINGS), empty(LABELS), "forest")
    []
    """
    exact = labels.filter(pl.col("start").dt.truncate("1s") != pl.col("start"))
    times = findings.select(
        "container_id", start=pl.col("first_seen").cast(UTC_NS), end=pl.col("last_seen").cast(UTC_NS)
    ).unique()
    copied = exact.join(times, on=["container_id", "start", "end"], how="semi")
    if copied.height < max(_ENOUGH, _ALIKE * exact.height):
        return []
    text = f"{side}: {copied.height} of {labels.height} labels have exactly the times of its findings"
    if copied["provenance"].is_in(["replay", "spliced"]).any():
        raise RtmlError(
            f"{text}: one was made from the other; labels must come from what was done, findings from what "
            "was seen"
        )
    return [f"{text}: were the labels made from them?"]


def suspicious_columns(features: pl.DataFrame) -> list[str]:
    """Name the features that say who or when, not what: a model can learn the answer by heart from them.

    A column that has one value per container, another in each, is a name; one that only grows with time is
    a clock.

    Examples
    --------
    >>> import datetime as dt
    >>> at = [dt.datetime(2026, 1, 1, 0, minute, tzinfo=dt.UTC) for minute in range(8)]
    >>> rows = pl.DataFrame({"container_id": [*"aaaabbbb"], "window": at, "x.id": [1.0] * 4 + [2.0] * 4,
    ...                      "x.clock": [float(n) for n in range(8)], "x.fine": [0.0, 1, 0, 1, 1, 0, 0, 1]})
    >>> suspicious_columns(rows)
    ["feature 'x.id' names containers, not what they do", "feature 'x.clock' tells the time, not what was
    done"]
    """
    who, when = _telling(features, feature_columns(features))
    return [
        *(f"feature {name!r} names containers, not what they do" for name in who),
        *(f"feature {name!r} tells the time, not what was done" for name in when),
    ]


def suspicious_score(side: Side, windows: pl.DataFrame) -> list[str]:
    """Say that a side's scores name containers or tell the time, as `suspicious_columns` does of features.

    Parameters
    ----------
    windows
        ``container_id`` and ``window`` of the test.
    """
    if side.scores is None:
        return []
    rows = side.scores.select(
        pl.col("container_id").cast(pl.String),
        pl.col("window").cast(UTC_NS),
        pl.col("score").cast(pl.Float64),
    )
    tested = rows.join(windows, on=["container_id", "window"], how="semi").drop_nulls("score")
    who, when = _telling(tested, ["score"])
    return [
        *(f"{side.name}: its scores name containers, not what they do" for _ in who),
        *(f"{side.name}: its scores tell the time, not what was done" for _ in when),
    ]


def _telling(rows: pl.DataFrame, names: list[str]) -> tuple[list[str], list[str]]:
    """Return the columns that say who, and those that say when.

    Who: one value per container, another in each; or, of at least four containers, ranges that do not meet.
    When: a value that rises, or falls, from window to window everywhere, or all along in every container.
    """
    containers, windows = rows["container_id"].n_unique(), rows["window"].n_unique()
    if not names or containers < 2:
        return [], []
    who = [name for name in names if _apart(rows, name, containers)]
    turned = rows.with_columns(-pl.col(names))
    clocks = {name for frame in (rows, turned) for name in (*_clocks(frame, names), *_counters(frame, names))}
    return who, [name for name in names if name in clocks and windows > _ENOUGH and name not in who]


def _apart(rows: pl.DataFrame, name: str, containers: int) -> bool:
    """Tell whether each container has values of its own."""
    ranges = rows.group_by("container_id").agg(low=pl.col(name).min(), high=pl.col(name).max()).sort("low")
    disjoint = bool(ranges.select((pl.col("low") > pl.col("high").shift(1)).fill_null(True).all()).item())
    constant = bool(ranges.select((pl.col("low") == pl.col("high")).all()).item())
    return disjoint and (constant or containers >= _SEVERAL)


def _counters(rows: pl.DataFrame, names: list[str]) -> list[str]:
    """Return the columns that rise from row to row in every container, each of which has several."""
    if bool((rows.group_by("container_id").len()["len"] <= _ENOUGH).any()):
        return []
    ordered = rows.group_by("container_id", "window").agg(pl.col(names).min()).sort("container_id", "window")
    steps = ordered.select(pl.col(names).diff().over("container_id"))
    rising = steps.select((pl.col(names) > 0).fill_null(True).all()).row(0)
    return [name for name, always in zip(names, rising, strict=True) if always]


def _clocks(features: pl.DataFrame, names: list[str]) -> list[str]:
    """Return the columns whose least value of a window lies above all values of the window before."""
    ends = (
        features.sort("window")
        .group_by("window", maintain_order=True)
        .agg(pl.col(names).min().name.suffix("<"), pl.col(names).max().name.suffix(">"))
    )
    grows = ends.select(
        (pl.col(f"{name}<") > pl.col(f"{name}>").shift(1)).fill_null(True).all().alias(name) for name in names
    ).row(0)
    return [name for name, always in zip(names, grows, strict=True) if always]


def too_easy(precision: float | None, found: float, false: float, attacks: int, column: str) -> list[str]:
    """Say that one column solves the track: then no model is needed, or that column knows the answer.

    Examples
    --------
    >>> too_easy(0.4, 3, 0, 12, "x.y"), len(too_easy(1.0, 12, 3, 12, "x.y"))
    ([], 1)
    """
    solved = attacks and ((precision or 0.0) >= _SOLVED or (found >= attacks and not false))
    if not solved:
        return []
    return [
        f"a single column solves this track ({column}): it is too easy to tell models apart, or that column "
        "knows the labels"
    ]


def unsaid(track: Track, ruled: bool) -> list[str]:
    """Say beside rules that labels state no provenance."""
    if not ruled or not track.labels["provenance"].eq(UNSAID).any():
        return []
    return [
        "labels have no column provenance: nothing shows that rules did not make them, and rules that are "
        f"judged by labels of rules find all of them; state one of {', '.join(PROVENANCES)}"
    ]


def much_labelled(track: Track) -> list[str]:
    """Say where labels cover so much time that finding by luck is likely."""
    share = int((track.windows["target"] == 1).sum()) / track.windows.height
    if share <= _MUCH:
        return []
    return [
        f"{share:.0%} of the container time is labelled as attack: whoever says anything is often right, and "
        "little time is left to be wrong in; do labels end with their attacks?"
    ]


def incomplete(track: Track) -> list[str]:
    """Say how much of the test lost events: what is missing there was neither found nor missed."""
    share = float(1 - (track.windows["complete"].fill_null(True)).sum() / track.windows.height)
    return [f"{share:.0%} of the test windows lost events"] if share > _FEW_INCOMPLETE else []
