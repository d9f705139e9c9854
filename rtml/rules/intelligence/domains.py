"""Match domain names against lists of names by one join over their suffixes."""

from __future__ import annotations

import polars as pl

__all__ = ["LONGEST_NAME", "match_domains", "plain_name"]

LONGEST_NAME = 253
"""Characters of the longest name that DNS can carry."""


def plain_name(names: pl.Series) -> pl.Series:
    """Return names in one form: lower case, no final dot, foreign letters in their ASCII form.

    What has no ASCII form is kept as it is: it matches nothing but itself.

    Examples
    --------
    >>> plain_name(pl.Series(["WWW.Example.", "bücher.example", None])).to_list()
    ['www.example', 'xn--bcher-kva.example', None]
    """
    plain = names.cast(pl.String).str.to_lowercase().str.strip_chars_end(".")
    foreign = plain.filter(plain.str.contains(r"[^\x00-\x7f]").fill_null(False)).unique()
    if foreign.is_empty():
        return plain
    return plain.replace(foreign, pl.Series([_ascii(name) for name in foreign], dtype=pl.String))


def _ascii(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii")
    except (UnicodeError, IndexError):
        return name


def match_domains(names: pl.Series, listed: pl.DataFrame) -> pl.DataFrame:
    """Find the listed names that each name equals or lies under.

    Parameters
    ----------
    names
        As queried; repeated and null values are allowed.
    listed
        ``list``, ``domain`` (in plain form), ``exact`` (subdomains do not count), ``entry`` (the text to
        show) and, if there, ``until`` (nanoseconds, null: always).

    Returns
    -------
    ``value`` (distinct names), ``list``, ``entry``, ``until``, ``size`` (labels): of each list the longest
    name that holds always, and the longest until each time.

    Examples
    --------
    >>> listed = pl.DataFrame({"list": [0, 1], "domain": ["c2.example", "c2.example"],
    ...                        "exact": [False, True], "entry": "c2.example"})
    >>> match_domains(pl.Series(["a.C2.example.", "notc2.example"]), listed).rows()
    [('a.C2.example.', 0, 'c2.example', None, 2)]
    """
    distinct = names.cast(pl.String).drop_nulls().unique().alias("value")
    labels = plain_name(distinct).str.split(".")
    frame = pl.DataFrame({"value": distinct, "labels": labels}).lazy()
    sizes = listed["domain"].str.count_matches(".", literal=True).unique().sort() + 1
    # Only suffixes as long as some listed name: few joins, however long a hostile name is.
    tails = [
        frame.filter(pl.col("labels").list.len() >= size).select(
            "value",
            domain=pl.col("labels").list.tail(size).list.join("."),
            all_labels=pl.col("labels").list.len() == size,
            size=pl.lit(size),
        )
        for size in sizes
    ]
    if "until" not in listed.columns:
        listed = listed.with_columns(until=pl.lit(None, pl.Int64))
    if not tails:
        found = pl.DataFrame(schema={"value": pl.String, "entry": pl.String})
        numbers = pl.DataFrame(schema={"until": pl.Int64, "size": pl.Int64})
        return pl.concat([found, listed.clear().select("list"), numbers], how="horizontal").select(
            "value", "list", "entry", "until", "size"
        )
    return (
        pl.concat(tails)
        .join(listed.lazy(), on="domain")
        .filter(pl.col("all_labels") | ~pl.col("exact"))
        .sort("value", "list", "size", "entry", descending=[False, False, True, False])
        .unique(["value", "list", "until"], keep="first", maintain_order=True)
        .select("value", "list", "entry", "until", pl.col("size").cast(pl.Int64))
        .collect()
    )
