"""File formats of lists: text to raw entries, one row each, with the line they came from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import polars as pl

from rtml.errors import RtmlError, did_you_mean
from rtml.rules.intelligence.description import ListDescription
from rtml.rules.intelligence.records import records
from rtml.rules.intelligence.stix import indicators

__all__ = ["FORMATS", "RAW"]

RAW = pl.Schema({"line": pl.Int64, "value": pl.String, "reason": pl.String, "until": pl.Int64})
"""Raw entries; ``reason`` is null, or says why there is none; ``until`` when it holds (ns), null: always."""


def _plain(text: str, description: ListDescription) -> pl.DataFrame:
    r"""One entry a line; what follows ``#`` or ``;`` is a comment, ``//`` begins a comment line.

    A line of a hosts file (``0.0.0.0 name``) stands for its names; those that every machine has for
    itself, like ``localhost``, are no entries. So does a line as AdGuard (``||name^``), dnsmasq
    (``address=/name/``), unbound and response policy zones have it; ``[.]`` is a dot.
    """
    lines = pl.DataFrame({"value": text.split("\n")}).with_row_index("line", 1)
    bare = pl.col("value").str.replace(r"(?:^|\s)[#;].*$", "").str.strip_chars()
    for form in _FORMS:
        bare = bare.str.replace(form, "${name}${sunk}")
    bare = bare.str.replace_all("[.]", ".", literal=True)
    many = pl.when(pl.col("value").str.contains(r"\s")).then(pl.lit("more than one word"))
    entries = lines.with_columns(bare).filter(
        (pl.col("value") != "") & ~pl.col("value").str.starts_with("//")
    )
    hosts = pl.col("value").str.contains(_SINKHOLE)
    names = pl.col("value").str.replace(_SINKHOLE, "").str.split(" ")
    blocked = (
        entries.filter(hosts)
        .with_columns(pl.col("value").str.replace_all(r"\s+", " "))
        .select("line", value=names)
        .explode("value")
        .filter(~pl.col("value").str.contains(_OWN_NAME))
    )
    return (
        pl.concat([entries.filter(~hosts), blocked])
        .sort("line", maintain_order=True)
        .select(pl.col("line").cast(pl.Int64), "value", reason=many)
    )


_FORMS = (
    r"^\|\|(?<name>[^|^/$*\s]+)\^$",  # AdGuard, Adblock Plus
    r"^(?:(?:server|local)=/(?<name>[^/\s]+)/|address=/(?<sunk>[^/\s]+)/(?:#|0\.0\.0\.0|::1?|127[.\d]+)?)$",
    r"(?i)^(?<name>\S+?)\.?(?:\s+\d+)?(?:\s+IN)?\s+CNAME\s+\.$",  # a zone of a resolver's policy
    r'^local-zone:\s*"(?<name>[^"\s]+?)\.?"\s+(?:always_(?:nxdomain|refuse|null|deny|nodata)|refuse|deny|static)$',
)
"""How AdGuard, dnsmasq, zones of a policy and unbound write a name that is blocked."""
_SINKHOLE = r"^(?:0\.0\.0\.0|127(?:\.[0-9]+){3}|::1?|fe80::1(?:%\w+)?|ff0[0-9]::[0-3]|255\.255\.255\.255)\s+"
_OWN_NAME = (
    r"(?i)^(?:localhost[46]?(?:\.localdomain[46]?)?|local|broadcasthost|0\.0\.0\.0|(?:ip6-|ff0)[\w-]+)$"
)


def _csv(text: str, description: ListDescription) -> pl.DataFrame:
    """One column of a CSV file; lines that begin with ``#`` are comments.

    The header may stand in such a line (the last before the data that names the column).
    """
    reader = csv.reader(
        ("\n" if line.startswith("#") else line for line in io.StringIO(text, newline="")),
        strict=True,
        skipinitialspace=True,
    )
    lines: list[int] = []
    values: list[str | None] = []
    at = None if isinstance(description.column, str) else description.column - 1
    try:
        for row in reader:
            if not row:
                continue
            if at is None:
                at, is_header = _position(row, text, description)
                if is_header:
                    continue
            lines.append(reader.line_num)
            values.append(row[at].strip() if 0 <= at < len(row) else None)
    except csv.Error as error:
        raise RtmlError(f"{description.file}: line {reader.line_num}: not CSV ({error})") from error
    short = pl.when(pl.col("value").fill_null("") == "").then(
        pl.lit(f"nothing in column {description.column}")
    )
    return pl.DataFrame(
        {"line": lines, "value": values}, schema={"line": pl.Int64, "value": pl.String}
    ).with_columns(reason=short)


def _commented(text: str, description: ListDescription) -> int | None:
    """Find the column in a header that stands in the comments before the data."""
    comments = re.match(r"(?:[ \t]*(?:#.*)?\n)*", text)
    for line in reversed(comments[0].splitlines() if comments else []):
        header = next(csv.reader([line.lstrip("# \t")], skipinitialspace=True), [])
        names = [name.strip() for name in header]
        if len(names) > 1 and description.column in names:
            return names.index(str(description.column))
    return None


def _position(first: list[str], text: str, description: ListDescription) -> tuple[int, bool]:
    """Return where the column is, and whether the first row is a header."""
    names = [name.strip() for name in first]
    if description.column in names:
        return names.index(str(description.column)), True
    at = _commented(text, description)
    if at is None:
        hint = did_you_mean(str(description.column), names)
        raise RtmlError(f"{description.file}: no column {description.column!r}; {hint}")
    return at, False


def _stix(text: str, description: ListDescription) -> pl.DataFrame:
    return pl.DataFrame(indicators(text, description.file), schema=RAW, orient="row")


def _json(text: str, description: ListDescription) -> pl.DataFrame:
    return pl.DataFrame(records(text, description), schema=["line", "value", "reason"], orient="row")


FORMATS: dict[str, Callable[[str, ListDescription], pl.DataFrame]] = {
    "plain": _plain,
    "csv": _csv,
    "json": _json,
    "stix": _stix,
}
"""Readers by the name that a description gives; each yields `RAW`, perhaps without ``until``."""
