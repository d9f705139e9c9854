"""Where findings are told: standard output, a file that grows, or a folder with a file for each telling.

What is to be told is first kept with the state of the watch; then it is written, and noted how far. Whoever
goes on after a kill writes the rest: into a file exactly, for what stands in it is read. Into a pipe a line
is noted as soon as it has been written; killed between the two, that one line comes again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError, UsageError
from rtml.findings.exports import HERE, Export
from rtml.reading import whole
from rtml.reading.json_text import json_of
from rtml.watching.stream import Stream, opened_stream

__all__ = ["Output", "open_output"]

_LINES = (".jsonl", ".cef")
"""Endings of the files of formats whose findings are lines of their own."""


@dataclass
class Output:
    """A place to tell findings, and the file ``note`` of how far that went.

    ``target`` None: standard output. ``folder``: a file for each telling.
    """

    target: Path | None
    export: Export
    note: Path
    folder: bool = False

    def lines(self, findings: pl.DataFrame) -> list[str]:
        """Return findings as what is written of them: lines, or one document."""
        if findings.is_empty():
            return []
        written = self.export.write(findings, HERE)
        if self.folder:
            return [written.decode("latin-1")]
        # Not by `splitlines`: a text may hold what Unicode calls the end of a line.
        return [f"{line}\n" for line in written.decode("utf-8").split("\n")[:-1]]

    def tell(self, number: int, lines: Sequence[str]) -> None:
        """Write the lines of the telling ``number``, what was written of them before excepted."""
        if self.folder or not lines:
            self._in_folder(number, lines)
            return
        with opened_stream(self.target) as stream:
            begun = self._begun(number, stream)
            raw = [line.encode() for line in lines]
            done, cut = _written(stream, begun, raw)
            rest = [place for place in range(len(raw)) if place not in done]
            # What stands in a file can be read again, so its lines are noted together.
            groups = [rest] if stream.path is not None else [[place] for place in rest]
            for group in filter(None, groups):
                text = b"".join(raw[place] for place in group)
                stream.write(text[len(cut) :] if text.startswith(cut) else text)
                cut = b""
                self._note(number, begun["start"], begun["inode"], group[-1] + 1)

    def _in_folder(self, number: int, lines: Sequence[str]) -> None:
        for document in lines:
            assert self.target is not None
            self.target.mkdir(parents=True, exist_ok=True)
            name = f"findings-{number:08d}{self.export.suffix}"
            whole.write_bytes(self.target / name, document.encode("latin-1"))

    def _begun(self, number: int, stream: Stream) -> dict[str, int]:
        """Return where the telling began, and note it where it begins now."""
        try:
            noted: dict[str, int] = json_of(self.note.read_text("ascii"))
        except (OSError, ValueError):
            noted = {}
        if noted.get("number") != number or noted.get("inode") != stream.inode:
            lines = noted.get("lines", 0) if noted.get("number") == number else 0
            noted = {"number": number, "start": stream.size, "inode": stream.inode, "lines": lines}
            self._note(*(noted[name] for name in ("number", "start", "inode", "lines")))
        return noted

    def _note(self, number: int, start: int, inode: int, lines: int) -> None:
        note = {"number": number, "start": start, "inode": inode, "lines": lines}
        half = self.note.with_suffix(".half")
        half.write_text(json.dumps(note), "ascii")
        os.replace(half, self.note)


def open_output(target: Path | None, export: Export, note: Path) -> Output:
    """Return where findings are told.

    Parameters
    ----------
    target
        None: standard output. A folder that is there, or a name without an ending: a folder.

    Raises
    ------
    UsageError
        The format has no line for each finding, and the target is no folder.
    """
    folder = target is not None and (target.is_dir() or (not target.suffix and not target.is_file()))
    if not folder and export.suffix not in _LINES:
        where = "standard output" if target is None else str(target)
        raise UsageError(
            f"{export.name} is a document of many findings, no line of one; for {where} take another format,"
            " or name a folder",
            argument="out",
        )
    if target is not None and not folder:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.open("ab").close()
        except OSError as error:
            raise RtmlError(f"{target}: {error.strerror}", argument="out") from error
    return Output(target, export, note, folder)


def _written(stream: Stream, begun: Mapping[str, int], lines: Sequence[bytes]) -> tuple[set[int], bytes]:
    """Return which lines stand there already, and the beginning of one that was cut."""
    counted, found = set(range(begun["lines"])), stream.read(begun["start"])
    if found is None:
        return counted, b""
    *there, cut = found.split(b"\n")
    stands = {line + b"\n" for line in there}
    return counted | {place for place, line in enumerate(lines) if line in stands}, cut
