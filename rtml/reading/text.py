"""A whole text file that people write: settings, lists, labels. Strict UTF-8, and of bounded size."""

from __future__ import annotations

from pathlib import Path

from rtml.errors import RtmlError
from rtml.reading.content import opened

__all__ = ["read_text"]


def read_text(path: Path, most: int) -> str:
    r"""Return the text of a file, plain or packed, without a byte-order mark.

    Parameters
    ----------
    path
        The file; an empty one gives ``""``.
    most
        Bytes; a larger file is refused, packed or not.

    Raises
    ------
    RtmlError
        It is absent, a folder, unreadable, too large, cut off, or not UTF-8; the message names the
        file, and the line where it can.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"good\nb\xff")
    >>> read_text(path, most=100)
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: ...a.txt: not UTF-8 (line 2)
    """
    with opened(path) as (stream, content):
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise RtmlError(f"{path}: larger than the {most:,} bytes that are read")
        stream.read(1)  # the end is known only once it has been reached
        if content.problem is not None:
            raise RtmlError(f"{path}: {content.problem}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RtmlError(f"{path}: not UTF-8 (line {line})") from error
