"""What is said of a process in a tree, and which branches hold something to look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from rtml.text import basename, visible

__all__ = ["Marks", "Words", "leading", "size", "words"]

_LONGEST_COMMAND = 84


class Marks(NamedTuple):
    """What is known of processes, by ``process_id``; ``leading`` are never folded."""

    notes: Mapping[int, str]
    bits: Mapping[int, float] | None
    own: Collection[int]
    leading: Collection[int]


class Words(NamedTuple):
    """A process in words, fit to be read."""

    pid: str
    programs: str
    command: str
    note: str
    own: bool


def words(node: Mapping[str, Any], marks: Marks) -> Words:
    """Return what is said of a process: number, programs one after the other, last command, note."""
    images = node["images"]
    names = dict.fromkeys(
        basename(image["exe"]) if image["exe"] else f"[{image.get('comm')}]" for image in images
    )
    command = (images[-1]["cmdline"] if images else None) or ""
    return Words(
        str(node["pid"]),
        " → ".join(visible(name, 60) for name in names),
        visible(command, _LONGEST_COMMAND),
        marks.notes.get(node["process_id"], ""),
        node["process_id"] in marks.own,
    )


def leading(node: Mapping[str, Any], wanted: Collection[int]) -> set[int]:
    """Return the processes that are wanted or lead to one that is."""
    found: set[int] = set()
    for child in node["children"]:
        found |= leading(child, wanted)
    return found | {node["process_id"]} if found or node["process_id"] in wanted else found


def size(node: Mapping[str, Any]) -> int:
    """Return how many processes a branch has, those that were cut off it included."""
    return 1 + int(node["left_out"]) + sum(size(child) for child in node["children"])
