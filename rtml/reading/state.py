"""How a detector's folder is written and read: named files and their digests, nothing else.

A folder holds exactly the files that its detector names, plus ``sha256.json``. A flipped bit, a cut
file, a file too many or too few is refused before anything is parsed. Digests guard against damage,
not against somebody who recomputes them: what is parsed is therefore JSON through a pydantic model,
or validated arrays, never pickle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pydantic

from rtml.arrays import Array
from rtml.errors import MissingFileError, RtmlError, unreadable
from rtml.reading.faults import explained
from rtml.reading.json_text import json_of

__all__ = [
    "State",
    "bare",
    "filled",
    "parse_state",
    "read_files",
    "read_state",
    "state_bytes",
    "write_files",
    "write_state",
]

_DIGESTS = "sha256.json"


class State(pydantic.BaseModel):
    """Base of every saved state: unknown keys, wrong types and infinities are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


S = TypeVar("S", bound=State)


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write ``files`` and their digests into ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / _DIGESTS).write_bytes(_digests(files))


def read_files(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of exactly the files ``names``, or raise an `RtmlError` with the reason."""
    wanted = {*names, _DIGESTS}
    if not folder.is_dir():
        raise MissingFileError(f"{folder}: no such detector folder")
    present = {entry.name for entry in folder.iterdir()}
    if present != wanted:
        missing, extra = sorted(wanted - present), sorted(present - wanted)
        raise RtmlError(f"{folder}: not this detector's files (missing {missing}, extra {extra})")
    files = {name: _bytes(folder / name) for name in sorted(wanted)}
    # Compared as bytes: the digest file itself is never parsed.
    if files.pop(_DIGESTS) != _digests(files):
        raise RtmlError(f"{folder}: the files do not match {_DIGESTS}: damaged or changed")
    return files


def write_state(folder: Path, state: State) -> None:
    """Write one pydantic state as ``state.json``; Python's float repr makes it exact."""
    write_files(folder, {"state.json": state_bytes(state)})


def state_bytes(state: State) -> bytes:
    """Return a state as JSON bytes, the same for the same state."""
    text = json.dumps(state.model_dump(), sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.encode()


def read_state(folder: Path, kind: type[S]) -> S:
    """Read ``state.json`` of ``folder`` as ``kind``; anything amiss is an `RtmlError`."""
    return parse_state(read_files(folder, ["state.json"])["state.json"], kind, folder)


def parse_state(data: bytes, kind: type[S], folder: Path) -> S:
    """Parse the bytes of a ``state.json``; the error names the folder and the first fault."""
    try:
        return kind.model_validate(json_of(data))
    except pydantic.ValidationError as error:
        raise RtmlError(f"{folder}: bad state: {explained(error, kind)}") from None
    except ValueError as error:
        raise RtmlError(f"{folder}: state.json is not JSON ({error})") from None


def bare(values: Array) -> list[float | None]:
    """Turn an array into JSON numbers; NaN becomes null.

    Examples
    --------
    >>> bare(np.array([0.1, np.nan]))
    [0.1, None]
    """
    return [None if value != value else value for value in values.tolist()]


def filled(values: list[float | None]) -> Array:
    """Turn JSON numbers back into an array; null becomes NaN. The inverse of `bare`."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _digests(files: dict[str, bytes]) -> bytes:
    table = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    return json.dumps(table, sort_keys=True, indent=1).encode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
