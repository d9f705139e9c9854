"""How a format stands in its files: what the laws of `rtml.testing` may change in a sample, and what not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Written"]


@dataclass(frozen=True)
class Written:
    """How records are written; the default is a JSON object a line, told by that line alone.

    A law that cannot hold for a format is left out for what is declared here, never by the sensor's name.

    Parameters
    ----------
    form
        ``json``: an object a line; ``cells``: values with ``separator`` between them; ``pairs``: words
        as ``name=value``; ``binary``: no lines at all, so that none can be damaged, doubled or moved.
    separator
        What stands between the cells, as it stands in the file.
    head
        So many first lines say what the others mean.
    alone
        A line's events are told by that line alone. False: records are put together from several lines, or
        one line says what another means; then the laws count events instead of comparing them.
    aggregates
        One event may stand for several (``count``).
    nothing
        Words by which the format says that there is nothing.
    """

    form: Literal["json", "cells", "pairs", "binary"] = "json"
    separator: str = ","
    head: int = 0
    alone: bool = True
    aggregates: bool = False
    nothing: tuple[str, ...] = ("", "<NA>")
