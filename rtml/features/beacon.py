"""Beacon: who calls the same destination again and again at a steady pace.

Software that waits for orders asks for them every few seconds or minutes. So do health checks and pollers:
what tells is a steady pace towards a kind of destination that this program does not poll.
"""

from __future__ import annotations

import polars as pl

from rtml.addresses import scope
from rtml.baselines import Conditional, Selection
from rtml.features.addresses import port
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.programs import BARE, GIVEN_PROGRAM, PROGRAM, with_bare
from rtml.features.trees import TREE, numbered, with_tree

__all__ = ["BEACON", "GAPS", "JITTER", "PAUSE", "RHYTHM", "beacon"]

PAUSE = 1_000_000_000
"""Nanoseconds of silence that part two calls; connections that follow sooner are one call."""

GAPS = 3
"""Pauses in a row that must be alike."""

JITTER = 2
"""How often the longest of them may hold the shortest."""

FORGOTTEN = 86_400_000_000_000
"""Nanoseconds without a call after which a stream forgets who called."""

_REGULAR = "regular"
_TO = [*TREE, "dst_ip", "dst_port"]


def _called(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the first connection of each call, and say whether the last `GAPS` pauses were alike."""
    narrow = with_bare(events, processes).select(
        "host", "container_id", "process_id", "exe", BARE, "dst_ip", "dst_port", "time", "seq", "count"
    )
    at = pl.col("time").to_physical()
    streams = numbered(with_tree(narrow, processes), _TO, "_stream")
    silent = streams.with_columns(_silence=at - at.shift(1).over("_stream"))
    calls = silent.filter(pl.col("_silence").is_null() | (pl.col("_silence") >= PAUSE))
    paused = calls.with_columns(_pause=at - at.shift(1).over("_stream"))
    spread = paused.with_columns(
        _shortest=pl.col("_pause").rolling_min(GAPS).over("_stream"),
        _longest=pl.col("_pause").rolling_max(GAPS).over("_stream"),
    )
    alike = pl.col("_longest") <= JITTER * pl.col("_shortest")
    return spread.with_columns(alike.fill_null(False).alias(_REGULAR))


def _recalled(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Return the connections that the next one of its tree, address and port will be compared with.

    That are the first ones of the last `GAPS` calls, and of the last call, while it goes on, a chain of
    connections (the first and the last of each half second); nothing when a day has passed since.
    """
    at = pl.col("time").to_physical()
    silent = with_tree(events, processes).with_columns(_silence=at - at.shift(1).over(_TO))
    begins = pl.col("_silence").is_null() | (pl.col("_silence") >= PAUSE)
    numbered = silent.with_columns(_begins=begins, _half=at // (PAUSE // 2)).with_columns(
        _call=pl.col("_begins").cast(pl.Int64).cum_sum().over(_TO)
    )
    dated = numbered.with_columns(
        _latest=pl.col("_call").max().over(_TO), _ended=at.max().over(_TO), _now=at.max()
    )
    half = pl.struct(*_TO, "_call", "_half")
    edge = half.is_first_distinct() | half.is_last_distinct()
    chain = (pl.col("_call") == pl.col("_latest")) & (pl.col("_now") - pl.col("_ended") < PAUSE) & edge
    recent = pl.col("_now") - pl.col("_ended") <= FORGOTTEN
    first = pl.col("_begins") & (pl.col("_latest") - pl.col("_call") < GAPS)
    return dated.filter(recent & (first | chain)).select(events.collect_schema().names())


RHYTHM = Conditional(
    name="beacon.rhythm",
    selection=Selection(
        ("connect",),
        ("exe", BARE, "dst_ip", "dst_port", _REGULAR),
        where=pl.col("dst_ip").is_not_null() & pl.col("dst_port").ne_missing(53),
        prepare=_called,
        looks_back=True,
        recall=_recalled,
        met_by=("container_id", "dst_ip", "dst_port"),
    ),
    key=pl.when(pl.col(_REGULAR) == "true")
    .then(pl.concat_str([pl.lit(_REGULAR), scope(pl.col("dst_ip")), port(pl.col("dst_port"))], separator=" "))
    .otherwise(pl.lit("now and then")),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
)
"""P(steady calls to this kind of address and port, or a call of no steady pace | program)."""


def beacon(material: Material) -> pl.DataFrame:
    """Count the destinations that are called at a steady pace, per container and window.

    The connections of one process tree to one address and port are calls, parted by a second of silence at
    least. A call is regular when the `GAPS` pauses before it, however long ago, are alike:
    ``max pause <= JITTER * min pause``. Three pauses of a caller who comes at random (exponential) are alike
    one time in ten, so a busy one is regular now and then, and it is learnt so. Beside the surprise of
    regular calls by kind of address and port given the program (`RHYTHM`; `rtml.features.surprise`):

    - ``regular``: distinct addresses and ports that were called regularly; 0 and up, 0 in a window without.

    It looks back over all that is read in one go, or over a day in a stream; the first `GAPS` calls are never
    regular. Fails when the pace is drawn anew over more than a factor of `JITTER`, when
    every call comes from a process tree of its own (cron, a command per call over ``docker exec``), when one
    connection stays open, for pauses below a second, and behind a proxy that the workload polls too.

    References
    ----------
    Hu et al., "BAYWATCH: robust beaconing detection", DSN 2016, https://doi.org/10.1109/DSN.2016.50;
    MITRE ATT&CK T1071 and T1029, https://attack.mitre.org/techniques/T1071/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> at = [dt.datetime(2026, 1, 1, 0, 0, second) for second in (0, 9, 20, 29)]
    >>> events = pl.DataFrame({"time": at, "seq": range(4), "kind": ["connect"] * 4,
    ...     "container_id": ["c"] * 4, "host": ["h"] * 4, "process_id": [1] * 4,
    ...     "dst_ip": ["203.0.113.9"] * 4, "dst_port": [443] * 4})
    >>> [windows(events[:n], families=["beacon"])["beacon.regular"].item() for n in (3, 4)]
    [0.0, 1.0]
    """
    regular = material.cells[RHYTHM.name].filter(_REGULAR)
    places = pl.struct("dst_ip", "dst_port").n_unique().cast(pl.Float64)
    return regular.group_by(CELL).agg(regular=places)


BEACON = Family(
    "beacon",
    beacon,
    ("regular",),
    conditionals=(RHYTHM,),
    purpose="CommandAndControl",
    phrase="steady calls given the program",
    paced=True,
)
