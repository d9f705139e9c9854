"""Tell a file's format from its first bytes, so that the wrong sensor can name the right one."""

from __future__ import annotations

from pathlib import Path

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.strangers import stranger
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes
from rtml.reading.envelopes import first_records
from rtml.reading.parquet import is_parquet, parquet_columns
from rtml.reading.prefixes import plain

__all__ = ["beginning", "empty", "recognise", "wrong_format"]


def beginning(path: Path, size: int = 1 << 16) -> bytes:
    r"""Return the bytes that tell a file's format: the first; of Parquet, the names of its columns.

    Of records in envelopes (`rtml.reading.envelopes`) those of the records.

    Examples
    --------
    >>> import tempfile
    >>> import polars as pl
    >>> path = Path(tempfile.mkdtemp()) / "a.parquet"
    >>> pl.DataFrame({"srcaddr": ["::1"], "bytes": [5]}).write_parquet(path)
    >>> beginning(path)
    b'PAR1\n"srcaddr":\n"bytes":\n'
    """
    head = plain(first_bytes(path, size))
    if not is_parquet(head):
        return _inner(path, head, size)
    names = [f'"{name}":\n' for name in parquet_columns(path)]
    return b"PAR1\n" + "".join(names).encode("utf-8", "replace")


def _inner(path: Path, head: bytes, size: int) -> bytes:
    """Return the beginning of the records in envelopes; where they are lines of text, only if it must be."""
    for any_text in (False, True):
        inner = first_records(path, head, any_text)
        if inner is not None:
            return b"\n".join(inner)[:size]
        if recognise(head) is not None:
            break
    return head


def recognise(head: bytes) -> str | None:
    r"""Return the name of the sensor that writes files which begin so, None when unknown.

    Parameters
    ----------
    head
        The first bytes of the file, unpacked (`rtml.reading.content.first_bytes`), a few hundred or
        more.

    Examples
    --------
    >>> recognise(b"Obj\x01..."), recognise(b"timestamp,processId,"), recognise(b"%PDF-1.7")
    ('sysflow', 'beth', None)
    """
    if stranger(head) is not None:
        return None
    for name, sensor in SENSORS.working():
        if sensor.signature is not None and sensor.signature(head):
            return name
    return None


def empty(head: bytes) -> str | None:
    r"""Say that a file which begins so holds nothing; None where it holds something.

    Examples
    --------
    >>> empty(b" \n"), empty(b"\0\0\n"), empty(b"x")
    ('the file is empty', 'the file holds nothing but zero bytes: it was made, and never written', None)
    """
    if not head.strip():
        return "the file is empty"
    if not head.strip(b" \t\r\n\0"):
        return "the file holds nothing but zero bytes: it was made, and never written"
    return None


def wrong_format(path: Path, wanted: str, head: bytes) -> RtmlError:
    r"""Make the error of a sensor that was given a file of another format, or an empty one.

    Examples
    --------
    >>> print(wrong_format(Path("a.sf"), "a BETH CSV file", b"Obj\x01"))
    a.sf: not a BETH CSV file; it looks like sysflow: import it with that sensor
    >>> print(wrong_format(Path("a.json"), "a BETH CSV file", b"{}"))
    a.json: not a BETH CSV file; it looks like JSON, which no sensor of that name reads
    """
    nothing = empty(head)
    if nothing is not None:
        return RtmlError(f"{path}: {nothing}")
    name = recognise(head)
    other = stranger(head)
    if other is not None:
        hint = f"; it is {other}"
    elif name is not None:
        hint = f"; it looks like {name}: import it with that sensor"
    elif head.lstrip().startswith((b"{", b"[")):
        hint = "; it looks like JSON, which no sensor of that name reads"
    else:
        hint = ""
    return RtmlError(f"{path}: not {wanted}{hint}")
