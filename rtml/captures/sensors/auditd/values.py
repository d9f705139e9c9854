r"""Values of audit records: in quotes, in hexadecimal digits where the text is not to be trusted, or bare."""

from __future__ import annotations

import polars as pl

from rtml.reading.escapes import readable

__all__ = ["as_hex", "field", "from_hex", "sound_text", "text_of"]

_HEX = r"^(?:[0-9A-F]{2})+$"
_LIKE_AN_ESCAPE = r"\\(x(?:[89a-fA-F][0-9a-fA-F]|5[cC]))"
_NOTHING = ("(null)", "(none)", "?", "")


def field(body: pl.Expr, name: str) -> pl.Expr:
    """Return a field of a record as it stands; null where the record has none of that name.

    Examples
    --------
    >>> body = pl.DataFrame({"b": ['ppid=1 pid=7 comm="a" old-pid=8']})
    >>> body.select(a=field(pl.col("b"), "pid"), c=field(pl.col("b"), "comm")).row(0)
    ('7', '"a"')
    """
    return body.str.extract(rf'(?:^|[ \x1d]){name}=("[^"]*"|\S+)')


def text_of(values: pl.Series) -> pl.Series:
    r"""Return what values say: unquoted, decoded, null where nothing is said.

    Examples
    --------
    >>> text_of(pl.Series(['"/bin/sh"', "2F746D702F6120622063", "(null)", "yes", "2FFF", '""'])).to_list()
    ['/bin/sh', '/tmp/a b c', None, 'yes', '/\\xff', None]
    """
    frame = values.alias("v").to_frame()
    quoted = pl.col("v").str.extract(r'^"([^"]*)"$')
    digits = pl.col("v").str.contains(_HEX)
    plain = pl.when(~digits & ~pl.col("v").is_in(_NOTHING)).then("v")
    told = frame.select(text=pl.coalesce(quoted, plain), hex=pl.when(quoted.is_null() & digits).then("v"))
    decoded = told.with_columns(from_hex(told["hex"]).alias("hex"))
    text = decoded.select(text=pl.coalesce("text", "hex"))["text"]
    return text.to_frame().select(pl.when(pl.col("text") != "").then("text")).to_series()


def from_hex(digits: pl.Series) -> pl.Series:
    r"""Return the text of hexadecimal digits; bytes that are no UTF-8 as `rtml.reading.escapes` spells them.

    Examples
    --------
    >>> from_hex(pl.Series(["C3BC", "FF", "5C786666", "0", None])).to_list()
    ['ü', '\\xff', '\\x5cxff', None, None]
    """
    raw = digits.cast(pl.String).str.decode("hex", strict=False)
    try:
        return sound_text(raw.cast(pl.String))
    except pl.exceptions.ComputeError:
        return pl.Series(raw.name, [None if b is None else readable(b) for b in raw], pl.String)


def sound_text(text: pl.Series) -> pl.Series:
    """Spell what only looks like an escaped byte as text that means itself."""
    return text.str.replace_all(_LIKE_AN_ESCAPE, r"\x5c${1}")


def as_hex(value: pl.Expr) -> pl.Expr:
    """Return a value in hexadecimal digits, so that pieces of one can be put together.

    Examples
    --------
    >>> pl.DataFrame({"v": ['"ab"', "6162", "x"]}).select(as_hex(pl.col("v")))["v"].to_list()
    ['6162', '6162', '78']
    """
    quoted = value.str.extract(r'^"([^"]*)"$')
    return (
        pl.when(quoted.is_null() & value.str.contains(_HEX))
        .then(value.str.to_lowercase())
        .otherwise(pl.coalesce(quoted, value).str.encode("hex"))
    )
