"""Rules over a day: their findings stand beside those of the model.

A day that is too large for memory is looked at in pieces of time, as a watch looks at a log that grows
(`rtml.rules.running.ruling`): the findings are the same, however it is cut.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import polars as pl

import rtml.rules
from rtml.captures import Capture
from rtml.captures.in_time import InTime
from rtml.job.cutting import cuts
from rtml.job.plan import Day, Told
from rtml.job.tasks import FEWEST, LEAST
from rtml.reading.digests import digest_of_files
from rtml.rules.chosen import Chosen
from rtml.rules.language.over_rules import OverRules
from rtml.rules.running.ruling import Rules, Ruling
from rtml.rules.running.run import load_all
from rtml.times import MINUTE, instant

__all__ = ["BYTES", "loaded", "most_events", "ruled", "told_by"]

BYTES = 160
"""Memory that an event takes while rules are run over it: `python -m benchmarks.scoring_job` measures 20 for
the lab's, and 250 where programs and destinations are all different."""

_HERE = Path(rtml.rules.__file__).parent
_NEVER = dt.timedelta(0)


def told_by(chosen: Chosen) -> Told:
    """Read the files of rules, so that whatever is wrong with them is said before anything is written.

    Raises
    ------
    RtmlError
        A file cannot be read, or holds no rule.

    Examples
    --------
    >>> told_by(Chosen()).skipped
    ()
    """
    # Our packs are as they came: they are read beside the events, unless lists are to fill them.
    packs = () if chosen.lists is None else chosen.packs
    _, skipped = load_all(chosen.sigma, packs, chosen.falco, chosen.lists)
    own = sorted(_HERE.rglob("*.yml")) if chosen.pack is not None else []
    lists = [] if chosen.lists is None else [chosen.lists]
    digest = digest_of_files([*own, *chosen.sigma, *chosen.falco, *lists])
    return Told(chosen, digest, tuple(f"{part.file}: {part.reason}" for part in skipped))


def most_events(memory: int) -> int:
    """Return how many events rules may look at together.

    >>> most_events(1_100_000_000), most_events(0)
    (5000000, 50000)
    """
    return max(FEWEST, (memory - LEAST) // BYTES)


def loaded(capture: Capture, chosen: Chosen) -> Rules:
    """Load the rules that fit a capture."""
    rules = Rules(chosen, chosen.pack is not None, Ruling())
    rules.load(capture)
    return rules


def ruled(day: Day, capture: Capture, rules: Rules, most: int) -> pl.DataFrame:
    """Return the findings of rules in a day (`rtml.schema.FINDINGS`, without the content of their events).

    Parameters
    ----------
    day, capture
        The day, and all its captures as one.
    rules
        What to run (`loaded`).
    most
        Events that may be looked at together.
    """
    end, span = day.view[1], _longest(rules)
    borders = _borders(capture, day, most)
    for since, until in pairwise(borders):
        known = min(until + span, end)
        rules.settle(partial(_stretch, capture), since, until, known, last=until == end)
    first, last = map(instant, day.span)
    rules.state.hits = rules.state.hits.filter(pl.col("time") >= first, pl.col("time") < last)
    return rules.findings()


def _stretch(
    capture: Capture,
    begin: dt.datetime,
    end: dt.datetime,
    earlier: pl.DataFrame | None = None,
    beginnings: dt.datetime | None = None,
) -> Capture:
    """Cut a stretch out of a day; what it could leave out of the time before is little, and stays in."""
    return InTime.of(capture, begin, end, earlier)


def _longest(rules: Rules) -> dt.timedelta:
    """Return how far a rule that counts asks for what comes after an event."""
    return max((rule.span for rule in rules.rules if isinstance(rule, OverRules)), default=_NEVER)


def _borders(capture: Capture, day: Day, most: int) -> Sequence[dt.datetime]:
    begin, end = day.view
    events = sum(known.events for _, known in day.members)
    if events <= most:
        return [begin, end]
    inside = InTime.of(capture, begin, end).events(["time"])
    cells = inside.group_by(window=MINUTE.start()).agg(pl.len()).collect(engine="streaming").sort("window")
    blocks = -(-int(cells["len"].sum()) // most)
    return [begin, *cuts(cells, blocks), end]
