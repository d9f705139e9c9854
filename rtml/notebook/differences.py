"""What one version does that another does not: a bar per family, and what weighs most in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from rtml.notebook.things import Line, lines_of
from rtml.profiles.wording import ORDER
from rtml.showing.drawing import ALARM, FAINT, LEFT, QUIET, RIGHT, Axis, fitted, line, paper, rect, text
from rtml.showing.shown import Content, Shown, svg
from rtml.text import visible

__all__ = ["MOST_FAMILIES", "MOST_NAMES", "differences"]

MOST_FAMILIES, MOST_NAMES = 12, 3
"""Families that are drawn, and names in each, the weightiest first; what is left out is counted."""

_BAR, _NAME, _TOP = 20, 17, 60
_FADED = 0.45


class _Part(NamedTuple):
    """What is new of one family, and how much is gone."""

    family: str
    new: pl.DataFrame
    gone: int
    lines: list[Line]

    @property
    def own(self) -> int:
        return int((~self.new["by_new_program"]).sum())

    @property
    def more(self) -> int:
        """Things that no line is about."""
        return self.new.height - sum(line.things for line in self.lines[:MOST_NAMES])

    @property
    def height(self) -> float:
        named = min(len(self.lines), MOST_NAMES) + (self.more > 0)
        return _BAR + named * _NAME + 10


def differences(new: pl.DataFrame, gone: pl.DataFrame | None = None, title: str = "What is new") -> Shown:
    """Draw what is new, by family.

    Parameters
    ----------
    new
        `rtml.profiles.diff.DIFFERENCES` of the older side and the newer.
    gone
        The same with both sides turned round: it is counted beside. None: nobody asked.
    title
        Above the picture.

    Returns
    -------
    A bar per family: full what known programs do for the first time, pale what a new program did. Under
    it what weighs most: shown by most containers, where least new was to be expected, most often. A
    program's many new destinations are one line (`rtml.notebook.things`).

    Examples
    --------
    >>> row = {"group": "web", "family": "files.read", "given": "cat", "key": "read /etc/shadow",
    ...        "containers": 2, "of": 3, "count": 5, "first_seen": None, "unseen_before": 0.01,
    ...        "by_new_program": False}
    >>> differences(pl.DataFrame([row]))
    What is new: 1 thing in 1 family
    files.read: 1 new
      read /etc/shadow by cat  2 of 3 containers, 5×
    """
    parts = _parts(new, gone)
    if not parts:
        words = f"{title}: no difference"
        return svg(paper(48, words), words)
    shown = parts[:MOST_FAMILIES]
    axis = Axis(0.0, float(max([1, *(part.new.height for part in shown), *(part.gone for part in shown)])))
    content, plain, y = list[Content](), list[str](), float(_TOP)
    for part in shown:
        content += _drawn(part, y, axis)
        plain += _lines(part)
        y += part.height
    if len(parts) > len(shown):
        plain.append(f"… {len(parts) - len(shown):,} more families")
        content.append(text(14, y + 8, plain[-1], fill=FAINT))
    things, families = new.height, sum(part.new.height > 0 for part in parts)
    counted = f"{things:,} thing{'s' * (things != 1)} in {families:,} famil{'y' if families == 1 else 'ies'}"
    heading = f"{title}: {counted}"
    content += _legend(any(part.gone for part in parts))
    return svg(paper(y + 18, heading, *content), "\n".join([heading, *plain]))


def _parts(new: pl.DataFrame, gone: pl.DataFrame | None) -> list[_Part]:
    lost = {} if gone is None else dict(gone.group_by("family").agg(pl.len()).iter_rows())
    weight = ["by_new_program", "containers", "unseen_before", "count", "given", "key"]
    ordered = new.with_columns(pl.col("unseen_before").fill_null(1.0)).sort(
        weight, descending=[False, True, False, True, False, False], nulls_last=True
    )
    families = {str(family) for family in (*new["family"], *lost)}
    parts = [
        _part(family, ordered.filter(pl.col("family") == family), int(lost.get(family, 0)))
        for family in sorted(families, key=lambda name: (ORDER.get(name, len(ORDER)), name))
    ]
    return sorted(parts, key=lambda part: part.new.height == 0)


def _part(family: str, new: pl.DataFrame, gone: int) -> _Part:
    return _Part(family, new, gone, lines_of(new))


def _drawn(part: _Part, top: float, axis: Axis) -> Iterator[Content]:
    number = part.new.height
    yield fitted(14, top + 14, part.family, LEFT - 26, weight=600)
    yield line(LEFT, top, LEFT, top + _BAR)
    own, whole = axis.x(part.own), axis.x(number)
    yield rect(LEFT, top + 3, own - LEFT, 12, ALARM, f"{part.own:,} by programs that were known")
    hint = f"{number - part.own:,} by programs that are new themselves"
    yield rect(own, top + 3, whole - own, 12, ALARM, hint, _FADED)
    if part.gone:
        yield rect(LEFT, top + 16, axis.x(part.gone) - LEFT, 3, QUIET, f"{part.gone:,} gone")
    gone = f", {part.gone:,} gone" if part.gone else ""
    label = f"{number:,} new{gone}"
    inside = whole > RIGHT - 110
    if inside:
        yield text(whole - 6, top + 13, label, "end", "#ffffff" if own > RIGHT - 110 else "#1f2328", 11, 600)
    else:
        yield text(whole + 6, top + 13, label, fill=FAINT, size=11)
    yield from _names(part, top + _BAR)


def _names(part: _Part, top: float) -> Iterator[Content]:
    for place, named in enumerate(part.lines[:MOST_NAMES]):
        y = top + place * _NAME + 13
        ink = FAINT if named.by_new_program else "#1f2328"
        yield fitted(LEFT + 8, y, f"+ {named.said}", RIGHT - LEFT - 190, fill=ink)
        yield text(RIGHT, y, named.seen, "end", FAINT, 11)
    if part.more:
        y = top + MOST_NAMES * _NAME + 13
        yield text(LEFT + 8, y, f"… {part.more:,} more", fill=FAINT)


def _legend(gone: bool) -> Iterator[Content]:
    keys = [("new, by a known program", ALARM, 1.0), ("by a new program", ALARM, _FADED)]
    keys += [("gone", QUIET, 1.0)] if gone else []
    x = float(LEFT)
    for label, fill, depth in keys:
        yield rect(x, 36, 10, 10, fill, "", depth)
        yield text(x + 14, 45, label, fill=FAINT, size=11)
        x += 30 + 6.6 * len(label)


def _lines(part: _Part) -> Iterator[str]:
    gone = f", {part.gone:,} gone" if part.gone else ""
    yield f"{visible(part.family, 60)}: {part.new.height:,} new{gone}"
    for named in part.lines[:MOST_NAMES]:
        yield f"  {visible(named.said, 120)}  {named.seen}"
    if part.more:
        yield f"  … {part.more:,} more"
