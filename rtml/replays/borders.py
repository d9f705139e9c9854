"""Where the parts of an experiment on a recording begin: at its sittings, on a whole minute."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtml.errors import RtmlError, UsageError
from rtml.reading.whole import write_text

__all__ = ["edges_of", "write_edges"]

_PARTS = ("calibrate", "test")


def edges_of(sittings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return when calibration and test begin: the minute in which their sitting does.

    Windows begin on whole minutes, and no container of a sitting is up in its first second. What the sitting
    before did in that same minute counts to the later one.

    Parameters
    ----------
    sittings
        ``sittings.json`` of a data set (`rtml.replays.shipping.ship`); sittings that are not there yet are
        left out.

    Examples
    --------
    >>> edges_of({"train": {"begin": "2026-11-27T00:45:10Z"}, "calibrate": {"begin": "2026-11-27T01:22:41Z"}})
    {'calibrate': '2026-11-27T01:22:00Z'}
    """
    begins = {name: dt.datetime.fromisoformat(sittings[name]["begin"]) for name in _PARTS if name in sittings}
    return {name: begin.strftime("%Y-%m-%dT%H:%M:00Z") for name, begin in begins.items()}


def write_edges(config: Path, edges: Mapping[str, str]) -> None:
    r"""Put the edges into the ``split`` of an experiment's file; comments and everything else stay.

    Raises
    ------
    UsageError
        There is no such file.
    RtmlError
        It has no line of that name to fill in.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "demo.yml")
    >>> _ = file.write_text("split:\n  test: 0.7   # sitting 3\n")
    >>> write_edges(file, {"test": "2026-11-27T02:07:00Z"})
    >>> print(file.read_text(), end="")
    split:
      test: 2026-11-27T02:07:00Z   # sitting 3
    """
    if not config.is_file():
        raise UsageError(f"{config}: no such experiment")
    text = config.read_text("utf-8")
    for name, edge in edges.items():
        text, filled = re.subn(rf"(?m)^( +{name}: )[^ #\n]+", rf"\g<1>{edge}", text)
        if filled != 1:
            raise RtmlError(f"{config}: wants one line `{name}: …` below `split`, has {filled}")
    write_text(config, text)
