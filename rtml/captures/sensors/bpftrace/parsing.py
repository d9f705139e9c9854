"""Type and data of each line of JSON, as bpftrace writes it: nearly all lines have one form.

``{"type": "printf", "data": "…"}`` with no escapes but the separator, backslashes and the end of the line is
taken apart as text; every other line is parsed, twice, by Polars.
"""

from __future__ import annotations

import polars as pl

from rtml.text import SEPARATOR

__all__ = ["parsed"]

_HEAD, _TAIL, _END = '{"type": "printf", "data": "', '"}', "\\n"
_BACKSLASHES, _MARK, _ESCAPED = "\\\\", "\0", "\\u001f"
_USUAL = r'^\{"type": "printf", "data": "(?:[^"\\\x00-\x1f]|\\u001f|\\\\)*(?:\\n)?"\}$'


def parsed(text: pl.Series) -> pl.DataFrame:
    r"""Return line number, record type and data; both null where a line is not JSON of that shape.

    Data of the usual form come without the end of the line.

    Examples
    --------
    >>> usual = r'{"type": "printf", "data": "open\u001f7\u001f/a\\b\n"}'
    >>> parsed(pl.Series([usual, "", '{"data": 1,"type": "map"}', "no JSON"])).drop("line").rows()
    [(1, 'printf', 'open\x1f7\x1f/a\\b'), (3, 'map', '1'), (4, None, None)]
    """
    lines = pl.DataFrame({"line": text}).with_row_index("number", offset=1)
    lines = lines.filter(pl.col("line").str.strip_chars() != "")
    usual = lines["line"].str.contains(_USUAL).fill_null(False)
    slashed = usual & lines["line"].str.contains(_BACKSLASHES, literal=True)
    line = pl.col("line").str
    inside = line.strip_prefix(_HEAD).str.strip_suffix(_TAIL)
    marked = inside.str.replace_all(_BACKSLASHES, _MARK, literal=True)
    whole = {
        "type": (line.json_path_match("$.type"), line.json_path_match("$.data"), ~usual),
        "plain": (pl.lit("printf"), _unescaped(inside), usual & ~slashed),
        "slashed": (pl.lit("printf"), _unescaped(marked).str.replace_all(_MARK, "\\", literal=True), slashed),
    }
    parts = [
        lines.filter(rows).select("number", "line", type=kind, data=data)
        for kind, data, rows in whole.values()
        if rows.any()
    ]
    done = pl.concat(parts) if parts else lines.select("number", "line", type="line", data="line")
    return done if len(parts) < 2 else done.sort("number")


def _unescaped(data: pl.Expr) -> pl.Expr:
    return data.str.strip_suffix(_END).str.replace_all(_ESCAPED, SEPARATOR, literal=True)
