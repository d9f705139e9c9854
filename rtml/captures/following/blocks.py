"""Some lines of a file, read by its sensor as if they were a file."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import NothingReadError
from rtml.errors import RtmlError
from rtml.schema import REJECTS, empty

__all__ = ["BlockReader", "refused"]

_SHOWN = 200


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
    """

    def __init__(self, sensor: Sensor, folder: Path, known: bool = False) -> None:
        self._sensor, self._folder, self._known = sensor, folder, known

    def read(self, raw: bytes, name: str, line: int) -> Reading | None:
        """Read lines that begin at number ``line`` of the file ``name``; None where all of them are blank.

        Raises
        ------
        RtmlError
            Nothing in the first block is of this sensor's format. Later such a block
            is refused: it has rejects only.
        """
        if not raw.strip():
            return None
        try:
            reading = self._read(raw, name)
        except RtmlError as error:
            if not self._known:
                raise
            if not isinstance(error, NothingReadError):
                return refused(raw, name, line, f"no line of this block can be read: {error}")
            reading = Reading(events=empty(), rejects=error.rejects, records=error.rejects.height)
        self._known = True
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
