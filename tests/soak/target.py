"""What a target is: a reader with samples, and how an input gets where the reader looks."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.batches import Records

__all__ = ["Target", "file", "files_of", "made", "put"]


@dataclass(frozen=True)
class Target:
    """A reader: samples, and what to do with an input, which may end in an `RtmlError`.

    A target with a ``whole`` has folders of several files: the input takes the place of one of them, or one
    of them has another name. ``writes``: the reader goes on writing there. One with ``records`` is given many
    of them in a go, besides whole files.
    """

    samples: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    name: str = "input"
    whole: Callable[[], Path] | None = None
    records: Records | None = None
    writes: bool = False


def file(name: str, read: Callable[[Path], object], *samples: str | bytes) -> Target:
    """Return the target of a reader of one file."""
    raw = [sample.encode() if isinstance(sample, str) else sample for sample in samples]
    return Target(lambda: raw, read, name)


def made(write: Callable[[Path], object], name: str) -> Path:
    """Return a new folder, or a file in one, that ``write`` has written; it goes when the process ends."""
    path = Path(tempfile.mkdtemp(prefix="rtml-soak-whole-")) / name
    write(path)
    return path


def files_of(whole: Callable[[], Path]) -> Callable[[], list[bytes]]:
    """Return what gives the files of a folder that hold anything, as they lie in it by name."""
    return lambda: [raw for path in _inside(whole()) if (raw := path.read_bytes())]


def put(target: Target, folder: Path, raw: bytes | None, place: float) -> Path:
    """Write an input where its reader looks; ``place`` (0 to 1) says which file of a folder it is.

    None: that file is there under another name. The other files are links to those of the sample, unless the
    reader writes.
    """
    if target.whole is None:
        assert raw is not None
        (folder / target.name).write_bytes(raw)
        return folder / target.name
    copy, files = folder / "whole", _inside(target.whole())
    shutil.copytree(target.whole(), copy, copy_function=shutil.copy2 if target.writes else os.link)
    one = copy / files[int(place * len(files))].relative_to(target.whole())
    if raw is None:
        one.rename(one.with_name(f"0{one.name}"))
    else:
        one.unlink()
        one.write_bytes(raw)
    return copy


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
