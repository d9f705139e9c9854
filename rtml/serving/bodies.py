"""Bodies of requests, from the bytes that came to lines of a sensor."""

from __future__ import annotations

from rtml.reading.unpacking import GZIP, ZIP, ZSTD, members_within
from rtml.serving.refusing import Refusal, shown

__all__ = ["JSON", "LINES", "PROTOBUF", "as_lines", "content_type", "unpacked"]

JSON, PROTOBUF = "application/json", "application/x-protobuf"
LINES = ("application/x-ndjson", "application/jsonl", "application/jsonlines", JSON, "text/plain")
"""What lines of a sensor may be called."""

_PACKED: dict[bytes | tuple[bytes, ...], str] = {GZIP: "gzip", ZSTD: "zstd", ZIP: "zip"}
_MARKS = (b"\xff\xfe", b"\xfe\xff")


def content_type(header: str | None, wanted: tuple[str, ...]) -> str:
    """Return the type of a body without its parameters; the first wanted one where nothing is said.

    Examples
    --------
    >>> content_type("Application/JSON; charset=utf-8", LINES)
    'application/json'
    """
    if header is None:
        return wanted[0]
    kind = header.partition(";")[0].strip().lower()
    if kind not in wanted:
        raise Refusal(415, f"the content type {shown(kind)} is not read here; send {', '.join(wanted)}")
    return kind


def unpacked(body: bytes, encoding: str | None, most: int) -> bytes:
    """Return a body as it was before it was packed, ``most`` bytes at most.

    Raises
    ------
    Refusal
        400: cut off or damaged; 413: longer than ``most``; 415: packed in a way that is not read here.

    Examples
    --------
    >>> import gzip
    >>> unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 9)
    b'ab'
    >>> unpacked(gzip.compress(bytes(10**6)), "gzip", 1000)
    Traceback (most recent call last):
    ...
    rtml.serving.refusing.Refusal: the body has more than 1,000 bytes when it is unpacked; ...
    """
    name = (encoding or "identity").strip().lower()
    if name == "identity":
        return body
    if name not in ("gzip", "x-gzip"):
        raise Refusal(415, f"the content encoding {shown(name)} is not read here; send gzip, or none")
    try:
        return members_within(body, most)
    except OverflowError:
        hint = "send smaller batches"
        raise Refusal(413, f"the body has more than {most:,} bytes when it is unpacked; {hint}") from None
    except EOFError:
        raise Refusal(400, "the gzip stream of the body is cut off") from None
    except ValueError:
        raise Refusal(400, "the body is no gzip, or damaged") from None


def as_lines(text: bytes) -> bytes:
    r"""Return lines of UTF-8, the last one ended; an empty text has none.

    Raises
    ------
    Refusal
        415: packed once more, or another encoding: readers of files would follow it without a bound.

    Examples
    --------
    >>> as_lines(b"\xef\xbb\xbf{}"), as_lines(b" \n")
    (b'{}\n', b'')
    """
    for magic, name in _PACKED.items():
        if text.startswith(magic):
            raise Refusal(415, f"the body is {name}, and no header says so, or it is packed twice")
    if text.startswith(_MARKS) or b"\0" in text[:4]:
        raise Refusal(415, "the body is not UTF-8")
    text = text.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    return text + b"\n" if text else b""
