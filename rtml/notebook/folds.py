"""A process tree as markup that folds: ``<details>`` in one another, which need no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from rtml.notebook.branches import Marks, size, words
from rtml.notebook.shades import chip, legend
from rtml.showing.drawing import ALARM, FAINT, GRID, INK, PAPER
from rtml.showing.shown import NO_MATH, Content, element

__all__ = ["FEW", "MOST", "SHARE", "folded"]

FEW = 6
"""Processes that a tree without any mark shows under each other one; the rest is folded."""

MOST, SHARE = 1200, 100
"""Quiet processes that the markup of one tree holds, and of one fold; what is left out is counted."""

_CARD = (
    f"background: {PAPER}; color: {INK}; border: 1px solid {GRID}; border-radius: 6px;"
    " padding: 8px 12px; margin: 4px 0;"
    " font: 12px/1.7 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;"
    " overflow-wrap: anywhere; text-align: left; max-width: 100%; box-sizing: border-box"
)
_BELOW = f"margin-left: 0.5em; padding-left: 0.9em; border-left: 1px solid {GRID}"
_LEAF = "padding-left: 1.2em"
_SOFT = f"color: {FAINT}"
_LOUD = f"color: {ALARM}"
_OWN = f"border: 1px solid {ALARM}; border-radius: 4px; padding: 0 0.3em; color: {ALARM}; white-space: nowrap"


def folded(node: Mapping[str, Any], marks: Marks) -> ET.Element:
    """Return the tree: what is marked and what leads there is open, quiet branches are folded.

    Parameters
    ----------
    node
        What `rtml.findings.process_tree` returned, not empty.
    marks
        Notes, bits and the finding's own processes; without any mark the first `FEW` children are shown.
    """
    room = [MOST]
    head: list[Content] = []
    if marks.bits is not None:
        key: list[Content] = ["surprise in bits: "]
        key += [part for shown in legend() for part in (shown, " ")]
        head = [element("div", *key, style=_SOFT)]
    return element("div", *head, _branch(node, marks, room), class_=NO_MATH, style=_CARD)


def _branch(node: Mapping[str, Any], marks: Marks, room: list[int]) -> ET.Element:
    """Return a process with all that is below; ``room`` is how many quiet ones may still be shown."""
    said, below = list(_said(node, marks)), list(_children(node, marks, room))
    if not below:
        return element("div", *said, style=_LEAF)
    open_ = {"open": ""} if not marks.leading or node["process_id"] in marks.leading else {}
    return element("details", element("summary", *said), element("div", *below, style=_BELOW), **open_)


def _said(node: Mapping[str, Any], marks: Marks) -> Iterator[Content]:
    process, said = node["process_id"], words(node, marks)
    if marks.bits is not None:
        known = marks.bits.get(process)
        yield chip("–" if known is None else f"{known:.1f}", known or 0.0)
        yield " "
    yield element("span", said.pid, style=_SOFT)
    whole = (node["images"][-1]["cmdline"] if node["images"] else None) or ""
    yield from (" ", element("b", said.programs), "  ", element("span", said.command, title=whole))
    if said.note:
        yield element("span", f"  ◀ {said.note}", style=_LOUD)
    if said.own:
        yield from (" ", element("b", "◆ this finding", style=_OWN))


def _children(node: Mapping[str, Any], marks: Marks, room: list[int]) -> Iterator[ET.Element]:
    """Yield the children that lead somewhere, a few of the quiet, and a fold with the others."""
    quiet = [child for child in node["children"] if child["process_id"] not in marks.leading]
    few = FEW if not marks.leading else int(len(quiet) == 1)
    seen, hidden = quiet[:few], quiet[few:]
    shown = {child["process_id"] for child in seen} | set(marks.leading)
    for child in node["children"]:
        if child["process_id"] in shown:
            room[0] -= child["process_id"] not in marks.leading
            yield _branch(child, marks, room)
    if hidden or node["left_out"]:
        yield _fold(hidden, int(node["left_out"]), marks, room)


def _fold(hidden: Sequence[Mapping[str, Any]], left_out: int, marks: Marks, room: list[int]) -> ET.Element:
    kept, number = [], left_out + sum(map(size, hidden))
    share = [min(SHARE, room[0])]
    room[0] -= share[0]
    for child in hidden:
        if share[0] <= 0:
            break
        share[0] -= 1
        kept.append(_branch(child, marks, share))
    room[0] += max(share[0], 0)
    lost = left_out + sum(map(size, hidden[len(kept) :]))
    counted = f"… {number:,} {'quiet' if hidden else 'more'} process{'es' if number != 1 else ''}"
    if not kept:
        return element("div", f"{counted}, not shown", style=f"{_LEAF}; {_SOFT}")
    more = [element("div", f"… {lost:,} more, not shown", style=f"{_LEAF}; {_SOFT}")] if lost else []
    most = _most_bits(hidden, marks)
    said = f"{counted}{'' if most is None else f', at most {most:.1f} bits'}"
    return element(
        "details", element("summary", said, style=_SOFT), element("div", *kept, *more, style=_BELOW)
    )


def _most_bits(nodes: Sequence[Mapping[str, Any]], marks: Marks) -> float | None:
    """Return the greatest surprise in branches; null where nothing of them was scored."""
    waiting, most = list(nodes), None
    while waiting:
        node = waiting.pop()
        waiting += node["children"]
        known = None if marks.bits is None else marks.bits.get(node["process_id"])
        most = known if most is None or (known is not None and known > most) else most
    return most
