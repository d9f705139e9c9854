"""How often the labels of a test were looked at: a test that is read often is learnt by people."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import NamedTuple

from rtml.reading.json_text import json_of

__all__ = ["Looks", "look"]

_MOST_BYTES = 16_000_000


class Looks(NamedTuple):
    """What is known of the looks at a test, this one included."""

    times: int
    configurations: int
    counted: bool

    def sentence(self) -> str:
        """Say it.

        Examples
        --------
        >>> Looks(14, 3, True).sentence()
        'these labels were looked at 14 times, with 3 configurations'
        >>> Looks(1, 1, False).sentence()
        'these labels were looked at once, with 1 configuration (looks cannot be counted here: not writable)'
        """
        often = "once" if self.times == 1 else f"{self.times} times"
        several = "" if self.configurations == 1 else "s"
        why = "" if self.counted else " (looks cannot be counted here: not writable)"
        return f"these labels were looked at {often}, with {self.configurations} configuration{several}{why}"


def look(labels: Path, configuration: str) -> Looks:
    """Count a look at the labels of a test, in ``NAME.looks.jsonl`` beside them.

    Parameters
    ----------
    labels
        The file; ``NAME.looked.json`` beside it may tell of looks before (``{"times": 14, "configurations":
        3}``).
    configuration
        What was judged, by a digest: the same configuration again is another look, not another try.

    Returns
    -------
    All looks so far. A folder that cannot be written is no error: nobody can count there.
    """
    file, before = labels.with_suffix(".looks.jsonl"), _before(labels.with_suffix(".looked.json"))
    line = json.dumps({"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "of": configuration})
    try:
        known = _known(file)
        with file.open("a", encoding="utf-8") as counted:
            counted.write(line + "\n")
        writable = True
    except OSError:
        known, writable = [], False
    tried = {*known, configuration}
    return Looks(before[0] + len(known) + 1, before[1] + len(tried), writable)


def _known(file: Path) -> list[str]:
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        return []
    lines = file.read_text("utf-8", errors="replace").splitlines()
    return [_named(line) for line in lines if line.strip()]


def _named(line: str) -> str:
    try:
        row = json_of(line)
    except ValueError:
        return line[:80]
    return str(row.get("of")) if isinstance(row, dict) else line[:80]


def _before(file: Path) -> tuple[int, int]:
    try:
        row = json_of(file.read_text("utf-8"))
        return int(row["times"]), int(row["configurations"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
