r"""Bytes that are no UTF-8, as text that nothing else becomes: an escape that can be undone.

Names of files and processes are bytes, chosen by whom is watched; tables hold text. A byte that is no
UTF-8 becomes ``\xNN``. What looks like such an escape, but is text, has its backslash written ``\x5c``.
So two names never become one, and a rule on the one never speaks of the other. Only bytes from 80 to ff
and the backslash itself are ever written so: ``dev-disk-by\x2dlabel``, as systemd writes it, stays.

Fails where a rule asks for a part of a name that is a part of an escape: a name whose last byte is ff ends
with ``ff`` here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

__all__ = ["Decoded", "as_literal", "blurred", "decoded", "literal", "original", "readable", "readable_json"]

_ESCAPED = r"x(?:[89a-fA-F][0-9a-fA-F]|5[cC])"
_LIKE = re.compile(rf"\\(?={_ESCAPED})")
_ESCAPE = re.compile(rf"\\{_ESCAPED}".encode())
_BAD = re.compile("[\udc80-\udcff]")
_PRIVATE = range(0xE000, 0xF900)

_HIGH, _ANY = r"(?:[89a-fA-F]|\\u00(?:3[89]|[46][1-6]))", r"(?:[0-9a-fA-F]|\\u00(?:3[0-9]|[46][1-6]))"
_JSON = re.compile(
    rf"\\(?P<literal>\\|u005[cC])(?=(?:x|\\u0078)(?:{_HIGH}{_ANY}|(?:5|\\u0035)(?:[cC]|\\u00[46]3)))"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u(?P<alone>[dD][89a-fA-F][0-9a-fA-F]{2})"
    "|(?P<bad>[\udc80-\udcff])"
    r"|\\.",
    re.DOTALL,
)


def readable(raw: bytes) -> str:
    r"""Return bytes as text, so that `original` gives them back.

    Examples
    --------
    >>> print(readable(b"/tmp/\xff"), readable(rb"/tmp/\xff"), readable("ü \\x2d".encode()))
    /tmp/\xff /tmp/\x5cxff ü \x2d
    """
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in literal(text))


def original(text: str) -> bytes:
    r"""Return the bytes that `readable` made a text of.

    Examples
    --------
    >>> original(r"/tmp/\xff"), original(r"/tmp/\x5cxff")
    (b'/tmp/\xff', b'/tmp/\\xff')
    """
    return _ESCAPE.sub(lambda found: bytes([int(found[0][2:], 16)]), text.encode())


def blurred(text: str, one: str) -> str:
    r"""Return a text with ``one`` for each byte that is escaped: for patterns of tools that have no escape.

    Examples
    --------
    >>> blurred(r"/tmp/\xff", "?")
    '/tmp/?'
    """
    return _ESCAPE.sub(one.encode(), text.encode()).decode()


def literal(text: str) -> str:
    r"""Return a text that means itself, as it stands in tables.

    Examples
    --------
    >>> print(literal(r"C:\xff"), literal(r"\x2d"))
    C:\x5cxff \x2d
    """
    return _LIKE.sub(r"\\x5c", text)


def as_literal(text: pl.Expr) -> pl.Expr:
    r"""Return texts that mean themselves, as `literal` does with one.

    Examples
    --------
    >>> pl.DataFrame({"path": [r"/tmp/\xff", None]}).select(as_literal(pl.col("path"))).item(0, 0)
    '/tmp/\\x5cxff'
    """
    return text.str.replace_all(rf"\\({_ESCAPED})", r"\x5c${1}")


class Decoded(NamedTuple):
    """The text of a file of which pieces become columns.

    ``mark`` is a character that was not in the file; it stands before the two digits of each byte that is
    no UTF-8, until `readable_column` is given the pieces.
    """

    text: str
    mark: str

    def readable_column(self, text: pl.Expr) -> pl.Expr:
        """Return pieces of the text as `readable` would have made them of their bytes."""
        return as_literal(text).str.replace_all(self.mark, "\\x", literal=True)


def decoded(raw: bytes) -> Decoded:
    r"""Decode a file of which pieces will become columns.

    Examples
    --------
    >>> file = decoded(b"a\xff,b\\xff")
    >>> pieces = pl.DataFrame({"piece": file.text.split(",")})
    >>> pieces.select(file.readable_column(pl.col("piece")))["piece"].to_list()
    ['a\\xff', 'b\\x5cxff']
    """
    if raw.isascii():
        return Decoded(raw.decode("ascii"), chr(_PRIVATE[0]))
    mark = next(chr(code) for code in _PRIVATE if chr(code).encode() not in raw)
    try:
        return Decoded(raw.decode("utf-8"), mark)
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
    return Decoded(_BAD.sub(lambda bad: f"{mark}{ord(bad[0]) - 0xDC00:02x}", text), mark)


def readable_json(text: str) -> str:
    r"""Return a JSON text whose strings are read as `readable` makes them of their bytes.

    Parameters
    ----------
    text
        JSON, decoded with the error handler ``surrogateescape``.

    Returns
    -------
    JSON. Half a surrogate pair, which no table can hold, counts as the three bytes that encode it.

    Examples
    --------
    >>> print(readable_json('["\\ud83d\\ude00", "\\ud83d", "\udcff", "\\\\xff"]'))
    ["\ud83d\ude00", "\\xed\\xa0\\xbd", "\\xff", "\\x5cxff"]
    """
    if "\\x" not in text and "\\u" not in text and not _BAD.search(text):
        return text
    return _JSON.sub(_in_json, text)


def _in_json(found: re.Match[str]) -> str:
    if found["literal"]:
        return r"\\x5c"
    if found["alone"]:
        raw = chr(int(found["alone"], 16)).encode("utf-8", "surrogatepass")
    elif found["bad"]:
        raw = found["bad"].encode("utf-8", "surrogateescape")
    else:
        return found[0]
    return "".join(f"\\\\x{byte:02x}" for byte in raw)
