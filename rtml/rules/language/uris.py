"""Parameters of the query of a URI, as a server reads them."""

from __future__ import annotations

from urllib.parse import parse_qsl

import polars as pl

from rtml.reading.escapes import readable
from rtml.text import SEPARATOR

__all__ = ["parameters"]


def parameters(uris: pl.Series) -> pl.Series:
    """Return the first value of every parameter as ``key=value``, decoded, joined by `SEPARATOR`.

    Each distinct URI is read once, the whole of it. Keys with ``=`` in them are left out; a
    separator in a value is written as the replacement character, so that no value can pass for two.

    Examples
    --------
    >>> uris = pl.Series(["/exec?command=%73h&command=-c&stdin=true", "/api", None])
    >>> [text and text.split(SEPARATOR) for text in parameters(uris)]
    [['command=sh', 'stdin=true'], None, None]
    """
    distinct = uris.drop_nulls().unique().to_list()
    return uris.replace_strict(
        distinct, [_parameters(uri) for uri in distinct], default=None, return_dtype=pl.String
    )


def _parameters(uri: str) -> str | None:
    query = uri.partition("#")[0].partition("?")[2]
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    first: dict[str, str] = {}
    for key, value in pairs:
        if "=" not in key:
            first.setdefault(_plain(key), _plain(value))
    return SEPARATOR.join(f"{key}={value}" for key, value in first.items()) or None


def _plain(text: str) -> str:
    return readable(text.encode("utf-8", "surrogateescape")).replace(SEPARATOR, "\ufffd")
