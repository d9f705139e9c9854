"""Socket addresses of audit records: bytes of a ``sockaddr`` in hexadecimal digits."""

from __future__ import annotations

import ipaddress

import polars as pl

from rtml.captures.sensors.auditd.values import from_hex

__all__ = ["decoded"]

_FAMILIES = {1: "local", 2: "inet", 10: "inet6", 16: "netlink"}


def decoded(saddr: pl.Series) -> pl.DataFrame:
    """Return ``family, address, port, socket`` of each; nulls where there is nothing of the kind.

    The name of an abstract socket begins with ``@``.

    Examples
    --------
    >>> texts = ["02000050A9FEA9FE0000000000000000", "01007075626C69630041", "01000061620000", "0200", None]
    >>> decoded(pl.Series(texts)).rows()[:2]
    [('inet', '169.254.169.254', '80', None), ('local', None, None, 'public')]
    >>> decoded(pl.Series(texts))["socket"].to_list()[2], decoded(pl.Series(texts)).row(3)
    ('@ab', ('inet', None, None, None))
    """
    rows = saddr.cast(pl.String).str.to_lowercase().to_frame("s")
    number = _number(pl.col("s").str.slice(2, 2) + pl.col("s").str.slice(0, 2))
    family = number.replace_strict(_FAMILIES, default=None, return_dtype=pl.String)
    rows = rows.with_columns(family=family, path=pl.when(family == "local").then(pl.col("s").str.slice(4)))
    four = [_number(pl.col("s").str.slice(at, 2)) for at in (8, 10, 12, 14)]
    inet, inet6 = pl.col("family") == "inet", pl.col("family") == "inet6"
    rows = rows.with_columns(
        name=from_hex(rows["path"]),
        four=pl.when(inet).then(pl.concat_str(four, separator=".")),
        six=_six(rows),
        port=pl.when(inet | inet6).then(_number(pl.col("s").str.slice(4, 4))).cast(pl.String),
    )
    begun = pl.col("name").str.strip_chars_start("\0").str.split("\0").list.first()
    abstract = pl.col("name").str.starts_with("\0")
    socket = pl.when(begun != "").then(pl.when(abstract).then("@" + begun).otherwise(begun))
    has_address = pl.coalesce("four", "six").is_not_null()
    return rows.select(
        "family", address=pl.coalesce("four", "six"), port=pl.when(has_address).then("port"), socket=socket
    )


def _number(digits: pl.Expr) -> pl.Expr:
    return pl.when(digits.str.contains(r"^[0-9a-f]+$")).then(digits).str.to_integer(base=16, strict=False)


def _six(rows: pl.DataFrame) -> pl.Series:
    """Return addresses of IPv6 in their short spelling; each distinct one is spelled once."""
    digits = rows.select(pl.when(pl.col("family") == "inet6").then(pl.col("s").str.slice(16, 32))).to_series()
    known = digits.drop_nulls().unique()
    known = known.filter(known.str.contains(r"^[0-9a-f]{32}$"))
    spelled = [_spelled(ipaddress.IPv6Address(int(text, 16))) for text in known]
    return digits.replace_strict(
        known, pl.Series(spelled, dtype=pl.String), default=None, return_dtype=pl.String
    )


def _spelled(address: ipaddress.IPv6Address) -> str:
    return str(address.ipv4_mapped or address)
