"""What is new: captures are found, looked at, and written into the manifest of the output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtml.errors import RtmlError
from rtml.job.alone import LOCK
from rtml.job.inputs import Found, found_captures
from rtml.job.known import INPUTS, Index, Known, read_index
from rtml.job.opening import known_of
from rtml.job.places import Place
from rtml.job.plan import Asked
from rtml.progress import steps

__all__ = ["DONE", "WORK", "begun", "taken"]

DONE = "score.json"
WORK = ".work"
"""Folder of an output in which shards lie until their day is committed."""


def begun(out: Place, asked: Asked) -> Index:
    """Return the manifest of an output, of this job or empty.

    Raises
    ------
    RtmlError
        The output holds something else, or the result of another model, budget, scope or rules.
    """
    names = {entry.name.split("/")[0] for entry in out.entries()} - {LOCK, WORK}
    names = {name for name in names if not (name.startswith(".") and ".partial-" in name)}
    if INPUTS not in names and DONE in names:
        raise RtmlError(f"{out.url}: was scored as a whole by an earlier rtml, nothing can be added to it;"
                        " choose another place", argument="out")  # fmt: skip
    if INPUTS not in names and names:
        raise RtmlError(
            f"{out.url}: is not the result of a scoring job; choose another place", argument="out"
        )
    index = read_index(out)
    if index.asked and index.asked != asked.key and not asked.adopt:
        raise RtmlError(f"{out.url}: is the result of another job (model, budget, scope or rules differ);"
                        " choose another place, or let it go on with this one", argument="adopt")  # fmt: skip
    return index


def taken(index: Index, inputs: Sequence[str], asked: Asked, cache: Path) -> tuple[Index, int]:
    """Return the manifest with all that inputs hold now, and how many captures are new or changed.

    What is known and did not change is not looked at again, unless it was set aside.
    """
    captures, new = dict(index.captures), 0
    for found in steps(_unknown(index, found_captures(inputs)), "looking at", "captures"):
        known = known_of(found, cache)
        before = captures.get(found.url)
        new += before is None or before.content != known.content
        captures[found.url] = known if before is None else _after(before, known)
    return Index(captures=captures, asked=asked.key), new


def _after(before: Known, known: Known) -> Known:
    """Return what is known of a capture now; one that was whole and is not any more waits as it was."""
    reason = known.aside or next(iter(known.damaged.values()), None)
    was_whole = bool(before.digest) and not before.damaged
    if reason is None or not was_whole:
        return known
    return before.model_copy(update={"aside": reason})


def _unknown(index: Index, found: Sequence[Found]) -> list[Found]:
    unknown = []
    for one in found:
        known = index.captures.get(one.url)
        if known is None or known.stamp != one.stamp or known.aside is not None or known.damaged:
            unknown.append(one)
    return unknown
