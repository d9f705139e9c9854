"""Arguments of BETH's system calls: from one text per event to one column per argument."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.beth.python_text import is_plain, parse

__all__ = ["arguments", "faults"]

_QUOTED = r"'name': '(?:{names})', 'type': '[^']*', 'value': '([^']*)'"
_BARE = (
    r"'name': '(?:{names})', 'type': '[^']*', 'value': "
    r"([^'{{}}\]]+|\[[^\]]*?(?:'[^']*'[^\]]*?)*\]|\{{[^}}]*\}})\}}"
)


def faults(args: pl.Series) -> pl.Series:
    """Say for each text whether it is no list of arguments; each distinct text is read once."""
    distinct = args.fill_null("").unique().to_frame("args")
    odd = distinct.filter(~is_plain(pl.col("args")))["args"]
    bad = [text for text in odd if _read(text) is None]
    return args.fill_null("").is_in(bad)


def arguments(args: pl.Series, wanted: dict[str, str]) -> pl.DataFrame:
    """Take arguments out of texts without `faults`.

    Parameters
    ----------
    args
        Lists of dicts of name, type and value, as Python writes them.
    wanted
        Column name to argument name; alternatives are separated by ``|``.

    Returns
    -------
    One text column for each of ``wanted``, null where an event lacks that argument; the parts of
    a list are separated by a blank.

    Examples
    --------
    >>> args = pl.Series(["[{'name': 'argv', 'type': 'x', 'value': ['ls', '-l']}]", "[]"])
    >>> arguments(args, {"cmdline": "argv"})["cmdline"].to_list()
    ['ls -l', None]
    """
    rows = args.to_frame("args")
    plain = is_plain(pl.col("args"))
    cut = rows.select(plain=plain, **{name: _cut(names) for name, names in wanted.items()})
    odd = rows.filter(~plain).unique().sort("args")
    read = [_picked(text, wanted) for text in odd["args"]]
    schema = dict.fromkeys(wanted, pl.String)
    slow = pl.DataFrame(read, schema=schema, orient="row").insert_column(0, odd["args"])
    parsed = rows.join(slow, on="args", how="left", maintain_order="left")
    return pl.DataFrame([_merged(cut, parsed, name) for name in wanted])


def _merged(cut: pl.DataFrame, parsed: pl.DataFrame, name: str) -> pl.Series:
    return parsed[name].zip_with(~cut["plain"], cut[name]).alias(name)


def _cut(names: str) -> pl.Expr:
    """Cut one argument out of plain text."""
    args = pl.col("args")
    bare = args.str.extract(_BARE.format(names=names))
    inner = bare.str.strip_prefix("[").str.strip_suffix("]")
    parts = inner.str.strip_prefix("'").str.strip_suffix("'").str.replace_all("', '", " ")
    some = pl.when(bare != "None").then(bare)
    listed = pl.when(bare.str.starts_with("[")).then(parts).otherwise(some)
    return pl.coalesce(args.str.extract(_QUOTED.format(names=names)), listed)


def _picked(text: str, wanted: dict[str, str]) -> tuple[str | None, ...]:
    given = _read(text) or {}
    return tuple(
        next((_as_text(given[name]) for name in names.split("|") if name in given), None)
        for names in wanted.values()
    )


def _read(text: str) -> dict[str, object] | None:
    """Read one list of arguments; None when it is none."""
    try:
        items = parse(text)
        if isinstance(items, list):
            return {str(item["name"]): item["value"] for item in items}
    except (ValueError, TypeError, KeyError):
        pass
    return None


def _as_text(value: object) -> str | None:
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return None if value is None else str(value)
