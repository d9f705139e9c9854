"""Some lines of a file, read by its sensor as if they were a file."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import NothingReadError
from rtml.captures.sensors.recognise import recognise
from rtml.errors import RtmlError
from rtml.schema import REJECTS, empty

__all__ = ["BlockReader", "refused"]

_SHOWN = 200
_MOST_TEXT = 1_000_000
"""Bytes of text without a record after which a log is of something else."""

_RECORD = re.compile(rb'\{\s*"(?!log"|stream"|time")')


class BlockReader:
    """Reads blocks of whole lines with a sensor that knows how (`rtml.captures.sensors.Lines`).

    Parameters
    ----------
    sensor
        One with ``lines``.
    folder
        Where the input lies: files that the sensor reads beside it are looked for there at every block, so
        that a container which is written down later is known from then on.
    known
        It was seen before that the log is of this format.

    ``nothing`` is what would be said of a log that ended here: so far it holds text alone, such as what a
    program says of itself when it starts.
    """

    def __init__(self, sensor: Sensor, folder: Path, known: bool = False) -> None:
        self._sensor, self._folder, self._known = sensor, folder, known
        self.nothing: NothingReadError | None = None
        self._text = 0

    def read(self, raw: bytes, name: str, line: int) -> Reading | None:
        """Read lines that begin at number ``line`` of the file ``name``; None where all of them are blank.

        Raises
        ------
        RtmlError
            Nothing in the first block is of this sensor's format, and there is more in it than some text.
            Later such a block is refused: it has rejects only.
        """
        if not raw.strip():
            return None
        try:
            reading = self._read(raw, name)
        except RtmlError as error:
            self._text += len(raw)
            waits = isinstance(error, NothingReadError) and self._text <= _MOST_TEXT and _is_text(raw)
            if not self._known and not waits:
                raise
            if not isinstance(error, NothingReadError):
                return refused(raw, name, line, f"no line of this block can be read: {error}")
            self.nothing = None if self._known else self.nothing or error
            reading = Reading(events=empty(), rejects=error.rejects, records=error.rejects.height)
        else:
            self._known, self.nothing = True, None
        shifted = reading.rejects.with_columns(pl.col("line") + line, file=pl.lit(name))
        return replace(reading, rejects=shifted.select(REJECTS.names()).cast(REJECTS))

    def _read(self, raw: bytes, name: str) -> Reading:
        assert self._sensor.lines is not None
        with tempfile.TemporaryDirectory(prefix="rtml-block-") as place:
            for other in self._sensor.lines.beside:
                if (self._folder / other).is_file():
                    (Path(place) / other).symlink_to((self._folder / other).resolve())
            block = Path(place) / "block"
            block.write_bytes(raw)
            try:
                return self._sensor.read(block)
            except NothingReadError as error:
                raise NothingReadError(str(error).replace(str(block), name), error.rejects) from error
            except RtmlError as error:
                raise RtmlError(str(error).replace(str(block), name)) from error


def _is_text(raw: bytes) -> bool:
    """Tell whether a block holds text and no record of anything, also in the lines of a container's log."""
    return b"\0" not in raw and _RECORD.search(raw) is None and recognise(raw[: 1 << 16]) is None


def refused(raw: bytes, name: str, line: int, reason: str) -> Reading:
    r"""Return a reading in which every line that is not blank is a reject.

    Examples
    --------
    >>> refused(b"a\n\nb\n", "log", 10, "odd").rejects.rows()
    [('log', 11, 'odd', 'a'), ('log', 13, 'odd', 'b')]
    """
    texts = [text.decode("utf-8", "backslashreplace")[:_SHOWN] for text in raw.split(b"\n")]
    rows = [(name, line + i + 1, reason, text) for i, text in enumerate(texts) if text.strip()]
    rejects = pl.DataFrame(rows, schema=REJECTS, orient="row")
    return Reading(events=empty(), rejects=rejects, records=len(rows))
