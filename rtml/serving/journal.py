r"""Batches on disk before they are answered: what was acknowledged is there after any kill.

A file is a row of frames: a line of JSON (what is known of the batch), then its bytes. A frame that is
not whole was never acknowledged, and is cut off when the journal is opened again. What the capture has
taken up is removed; the keys of batches stay, so that one which is sent again is known.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pydantic

from rtml.captures.following.place import Place
from rtml.errors import RtmlError
from rtml.reading.on_disk import on_disk

__all__ = ["Batch", "Journal", "Outcome"]

_PIECE = 64_000_000
_MOST_BYTES = 1 << 40
"""A batch says its size before it: more is damage."""
_MOST_KEYS = 100_000
"""Keys that are known; a batch that is sent again after so many others is taken again."""


class Outcome(pydantic.BaseModel):
    """What became of the lines of a batch: ``reasons`` counts those that were refused, by why."""

    lines: int
    rejected: int = 0
    reasons: dict[str, int] = {}
    digest: str = ""

    def told(self) -> str:
        """Return a sentence about what was refused.

        Examples
        --------
        >>> Outcome(lines=3, rejected=2, reasons={"not JSON": 2}).told()
        '2 of 3 lines are kept as rejects: not JSON (2)'
        """
        reasons = ", ".join(f"{reason} ({n:,})" for reason, n in list(self.reasons.items())[:5])
        return f"{self.rejected:,} of {self.lines:,} lines are kept as rejects: {reasons}"


class Batch(pydantic.BaseModel):
    """Lines of one client (whole lines of UTF-8); ``key``: what it calls this batch, None: nothing."""

    model_config = pydantic.ConfigDict(frozen=True)

    client: str
    key: str | None
    raw: bytes

    @property
    def name(self) -> str | None:
        """The key among those of all clients."""
        return None if self.key is None else f"{self.client} {self.key}"

    @property
    def digest(self) -> str:
        """Hash of the lines."""
        return hashlib.sha256(self.raw).hexdigest()


class _Head(pydantic.BaseModel):
    client: str
    key: str | None
    size: int = pydantic.Field(ge=0, le=_MOST_BYTES)
    outcome: Outcome


class Journal:
    """The frames of one capture in ``folder``, read from ``place`` on; one process has it at a time."""

    def __init__(self, folder: Path, place: Place) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._keys_file = folder, folder.with_name("taken.jsonl")
        self._keys: dict[str, Outcome] = self._former_keys()
        self._unread: list[tuple[Batch, Outcome, Place]] = []
        self._open(place)

    def _open(self, place: Place) -> None:
        """Learn keys and what the capture does not have yet; cut off a frame that is not whole."""
        numbers = sorted(int(file.name) for file in self._folder.iterdir() if file.name.isdigit())
        self._number, self._size = max([int(place.name or "0"), *numbers]), 0
        for number in numbers:
            path = self._folder / str(number)
            end = self._learn(path, place)
            whole = end == path.stat().st_size
            if not whole and number != self._number:
                raise RtmlError(f"{path}: damaged after {end:,} bytes; move the file away to go on without")
            if not whole:
                os.truncate(path, end)
            self._size = end
        self._file = os.open(self._folder / str(self._number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _learn(self, path: Path, place: Place) -> int:
        """Return where the last whole frame of a file ends."""
        end = 0
        for batch, outcome, after in _frames(path):
            self._keep(batch, outcome)
            end = after
            if (int(path.name), after) > (int(place.name or "0"), place.offset):
                self._unread.append((batch, outcome, Place(name=path.name, offset=after)))
        return end

    def unread(self) -> Iterator[tuple[Batch, Outcome, Place]]:
        """Yield what was acknowledged and is not in the capture yet, each with the place behind it."""
        while self._unread:
            yield self._unread.pop(0)

    def known(self, batch: Batch) -> Outcome | None:
        """Return what became of a batch that was sent before."""
        return None if batch.name is None else self._keys.get(batch.name)

    def append(self, taken: Sequence[tuple[Batch, Outcome]]) -> Place:
        """Write batches to disk, all or none; return the place behind them.

        Raises
        ------
        OSError
            They cannot be written; then none of them is there.
        """
        if self._size >= _PIECE:
            self._turn()
        try:
            for batch, outcome in taken:
                head = _Head(client=batch.client, key=batch.key, size=len(batch.raw), outcome=outcome)
                _write(self._file, head.model_dump_json().encode() + b"\n" + batch.raw)
            os.fdatasync(self._file)
        except OSError:
            os.truncate(self._folder / str(self._number), self._size)
            raise
        self._size = os.fstat(self._file).st_size
        for batch, outcome in taken:
            self._keep(batch, outcome)
        return Place(name=str(self._number), offset=self._size)

    def forget(self, place: Place) -> None:
        """Remove files before the place, which the capture has; their keys are written down first."""
        done = [file for file in self._folder.iterdir() if int(file.name) < int(place.name or "0")]
        if not done:
            return
        half = self._keys_file.with_suffix(".partial")
        with half.open("wb") as out:
            for name, outcome in self._keys.items():
                out.write(orjson.dumps([name, outcome.model_dump()]) + b"\n")
        on_disk([half], half.parent)
        os.replace(half, self._keys_file)
        on_disk([self._keys_file], half.parent)  # as is what the capture has of these files, since its commit
        for file in done:
            file.unlink()

    def close(self) -> None:
        """Close the file at hand."""
        os.close(self._file)

    def _turn(self) -> None:
        os.close(self._file)
        self._number, self._size = self._number + 1, 0
        path = self._folder / str(self._number)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _keep(self, batch: Batch, outcome: Outcome) -> None:
        if batch.name is not None:
            self._keys[batch.name] = outcome
            if len(self._keys) > _MOST_KEYS:
                del self._keys[next(iter(self._keys))]

    def _former_keys(self) -> dict[str, Outcome]:
        if not self._keys_file.is_file():
            return {}
        rows = (orjson.loads(line) for line in self._keys_file.read_bytes().splitlines())
        return {name: Outcome.model_validate(outcome) for name, outcome in rows}


def _frames(path: Path) -> Iterator[tuple[Batch, Outcome, int]]:
    """Yield the whole frames of a file, each with the place where it ends."""
    with path.open("rb") as file:
        while line := file.readline():
            try:
                head = _Head.model_validate_json(line)
            except pydantic.ValidationError:
                return
            batch = Batch(client=head.client, key=head.key, raw=file.read(head.size))
            if batch.digest != head.outcome.digest:
                return
            yield batch, head.outcome, file.tell()


def _write(file: int, raw: bytes) -> None:
    left = memoryview(raw)
    while left:
        left = left[os.write(file, left) :]
