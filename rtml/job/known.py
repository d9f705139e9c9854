"""The manifest of a job's output: every capture that it took, by digest; what was set aside, and why."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path

from rtml.errors import RtmlError
from rtml.job.places import Place
from rtml.reading.state import State, parse_state

__all__ = ["INPUTS", "Index", "Known", "read_index", "write_index"]

INPUTS = "inputs.json"


class Known(State):
    """A capture as the job saw it last.

    ``stamp`` changes when its manifest is written again, ``digest`` is of its content; ``order`` is what
    sorts captures (`rtml.captures.joining.place_of`). ``aside``: why all of it waits, null when it does not;
    ``damaged``: files of events that were set aside, with the reason. Every run tries again what is.
    ``days`` (UTC) hold events; null: all from ``start`` to ``end``.
    """

    stamp: str
    digest: str
    order: list[str]
    start: str | None
    end: str | None
    events: int
    rejected: int
    lost: int
    aside: str | None = None
    damaged: dict[str, str] = {}
    days: list[str] | None = None

    @property
    def content(self) -> str:
        """What of it is read: its digest, and what is left out."""
        return json.dumps([self.digest, sorted(self.damaged)])

    def touches(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Say whether it holds time in ``start <= time < end``."""
        if self.aside is not None or self.start is None or self.end is None:
            return False
        return dt.datetime.fromisoformat(self.start) < end and dt.datetime.fromisoformat(self.end) >= start


class Index(State):
    """``captures`` by their place; ``asked``: model, budget and scope that the output was begun with."""

    captures: dict[str, Known] = {}
    asked: str = ""

    def ordered(self) -> list[tuple[str, Known]]:
        """Return what was ever read, in the order of captures; of copies the first by place."""
        ordered = sorted(self.captures.items(), key=lambda item: (item[1].order, item[0]))
        first: dict[str, tuple[str, Known]] = {}
        for url, known in ordered:
            if known.digest:
                first.setdefault(known.digest, (url, known))
        return list(first.values())

    def taken(self) -> list[tuple[str, Known]]:
        """Return what is read now: `ordered` without what waits."""
        return [(url, known) for url, known in self.ordered() if known.aside is None]

    def held(self) -> dict[str, str]:
        """Return, by digest, why captures that were read before cannot be read any more."""
        return {known.digest: known.aside for known in self.captures.values() if known.digest and known.aside}

    def faults(self) -> list[dict[str, str]]:
        """Return what was set aside: ``capture``, ``part`` (empty: all of it), ``reason``."""
        return [
            {"capture": url, "part": part, "reason": reason}
            for url, known in sorted(self.captures.items())
            for part, reason in _faults(known)
        ]


def _faults(known: Known) -> Iterable[tuple[str, str]]:
    return [("", known.aside)] if known.aside is not None else sorted(known.damaged.items())


def read_index(out: Place) -> Index:
    """Read the manifest of an output; one that is new has an empty one."""
    text = out.read(INPUTS)
    if text is None:
        return Index()
    try:
        return parse_state(text, Index, Path(out.inner))
    except RtmlError as error:
        raise RtmlError(f"{out.url}/{INPUTS}: not the manifest of a scoring job ({error})") from None


def write_index(out: Place, index: Index) -> None:
    """Write the manifest, whole or not at all; what did not change is not written."""
    text = json.dumps(index.model_dump(), indent=1, sort_keys=True).encode()
    if out.read(INPUTS) != text:
        out.write(INPUTS, text)
