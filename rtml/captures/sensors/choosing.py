"""Which sensor wrote these files: each is told by its content, and all must be of one."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rtml.captures.sensors import SENSORS, Sensor
from rtml.captures.sensors.recognise import beginning, empty, recognise
from rtml.captures.sensors.strangers import stranger
from rtml.errors import MissingFileError, RtmlError, UsageError, unreadable
from rtml.reading.content import first_bytes

__all__ = ["AUTO", "Chosen", "SeveralSensorsError", "choose", "files_in"]

AUTO = "auto"
"""What stands for the name of a sensor where it is to be recognised."""

_MANY = 5


class SeveralSensorsError(UsageError):
    """Files are of several sensors; ``ways`` says of each what to import by itself."""

    def __init__(self, message: str, ways: Mapping[str, Sequence[Path]]) -> None:
        super().__init__(f"{message}; import those of each by themselves")
        self.ways = ways


class Chosen(NamedTuple):
    """The sensor, its files, and files of folders that no sensor wrote."""

    sensor: str
    files: list[Path]
    passed_over: list[Path]


def choose(paths: Sequence[Path], sensor: Sensor | None = None) -> Chosen:
    r"""Say which sensor wrote what these paths name.

    Parameters
    ----------
    paths
        Files, folders (everything below them) and patterns as ``logs/*.json.gz``.
    sensor
        The one that is asked for: files that are named are taken to be of it, of folders and patterns those
        that it recognises. None: it is told by the files.

    Raises
    ------
    UsageError
        Nothing is there, or files of several sensors: which file is of which (`SeveralSensorsError`).
    RtmlError
        A file that was named is of no sensor, or no file of a folder is of any, or of the one asked for.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_bytes(b"timestamp,processId,\n"), (folder / "notes").write_text("hello")
    >>> chosen = choose([folder])
    >>> chosen.sensor, [path.name for path in chosen.files], [path.name for path in chosen.passed_over]
    ('beth', ['a.csv'], ['notes'])
    """
    named = [path for path in paths if path.exists() and not path.is_dir()]  # a pipe is read once: not here
    if sensor is not None and len(named) == len(paths):
        return Chosen(sensor.name, named, [])
    files = files_in(paths)
    if not files:
        raise UsageError(f"no file in {', '.join(map(str, paths)) or 'nothing'}; name files of a sensor")
    if sensor is not None:
        return _of(sensor, paths, files, set(named))
    of = {path: recognise(beginning(path)) for path in files}
    unknown = [path for path, sensor in of.items() if sensor is None]
    sensors = sorted({sensor for sensor in of.values() if sensor is not None})
    if len(sensors) > 1:
        raise SeveralSensorsError(f"files of several sensors: {_told(of)}", _ways(of, paths))
    strange = [path for path in unknown if path in named or not sensors]
    if strange:
        raise RtmlError(_unknown(strange))
    return Chosen(sensors[0], [path for path in files if of[path] is not None], unknown)


def _of(sensor: Sensor, paths: Sequence[Path], files: Sequence[Path], named: set[Path]) -> Chosen:
    """Return the files of one sensor; one that recognises none takes all."""
    knows = sensor.signature
    own = [path for path in files if path in named or knows is None or knows(beginning(path))]
    if not own:
        raise RtmlError(f"{_few([str(path) for path in paths])}: no file there is of {sensor.name}")
    return Chosen(sensor.name, own, [path for path in files if path not in set(own)])


def _ways(of: Mapping[Path, str | None], paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return what to import each sensor from; files that were named one by one are named again."""
    sensors = sorted({sensor for sensor in of.values() if sensor is not None})
    return {sensor: [path for path in paths if of.get(path, sensor) == sensor] for sensor in sensors}


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files that paths name, each once, those of a folder or a pattern by name; hidden ones not.

    Raises
    ------
    MissingFileError
        There is no such file, folder, or match of a pattern.
    """
    found: dict[Path, None] = {}
    for path in paths:
        matches = (
            [path] if path.exists() else [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        )
        if not matches:
            raise MissingFileError(f"{path}: no such file or folder, and nothing fits it as a pattern")
        for match in matches:
            found.update(dict.fromkeys(_below(match) if match.is_dir() else [match]))
    return list(found)


def _below(folder: Path) -> list[Path]:
    inside = list[Path]()
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(path for path in inside if path.is_file())


def _refuse(error: OSError) -> None:
    """Say of a folder that cannot be looked into what is said of a file: it may hold events."""
    raise unreadable(Path(error.filename), error) from error


def _told(of: dict[Path, str | None]) -> str:
    """Name a few files of each sensor."""
    groups: dict[str, list[str]] = {}
    for path, sensor in of.items():
        if sensor is not None:
            groups.setdefault(sensor, []).append(str(path))
    return "; ".join(f"{sensor}: {_few(files)}" for sensor, files in sorted(groups.items()))


def _few(names: list[str]) -> str:
    more = len(names) - _MANY
    return ", ".join(names[:_MANY]) + (f" and {more} more" if more > 0 else "")


def _unknown(paths: list[Path]) -> str:
    nothing = {path: why for path in paths if (why := empty(first_bytes(path))) is not None}
    if len(nothing) == len(paths):
        return f"{_few([str(path) for path in paths])}: {nothing[paths[0]]}"
    for path in paths:
        other = stranger(beginning(path))
        if other is not None:
            return f"{path}: it is {other}"
    known = ", ".join(SENSORS)
    return (
        f"{_few([str(path) for path in paths if path not in nothing])}: of no sensor that is known ({known});"
        " if it is of one of them, name it instead of auto; any CSV, JSON lines or Parquet with processes,"
        " files or connections is read as sensor 'generic' with a mapping"
    )
