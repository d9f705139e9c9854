"""What an entry of a list is: an address or network, a domain name, a SHA-256, or a reject."""

from __future__ import annotations

import polars as pl

from rtml.rules.intelligence.addresses import MAPPED, numbers, prefixes
from rtml.rules.intelligence.domains import LONGEST_NAME, plain_name

__all__ = ["classify", "domain_entries", "hash_entries", "network_entries"]

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = rf"^(?:\*?\.)?(?:{_LABEL}\.)+{_LABEL}$"
_V4 = r"^[0-9]+(?:\.[0-9]+)*(?:/[0-9]+)?$"
_PORT = r"^(?:(?P<v4>[0-9]+(?:\.[0-9]+){3})[:|][0-9]{1,5}|\[(?P<v6>[0-9a-fA-F:.]+)\](?::[0-9]{1,5})?)$"
_HASH_LENGTHS = {32: "an MD5", 40: "a SHA-1", 96: "a SHA-384", 128: "a SHA-512"}


def classify(raw: pl.DataFrame) -> pl.DataFrame:
    """Say of each raw entry what it is.

    Parameters
    ----------
    raw
        `rtml.rules.intelligence.formats.RAW`.

    Returns
    -------
    ``line``, ``value`` (in plain form), ``kind`` (address, domain, sha256; null for a reject),
    ``reason``, ``until``, and ``hi``, ``lo``, ``bits`` of networks with their host bits cleared. A port
    after an address is left out: a hit is one to any port.

    Examples
    --------
    >>> raw = pl.DataFrame({"line": [1, 2, 3, 4], "reason": None, "value": [
    ...     "192.0.2.77/24", "C2.example.", "com", "http://c2.example/x"]})
    >>> classify(raw).select("value", "kind", "reason").rows()
    [('192.0.2.77/24', 'address', None), ('c2.example', 'domain', None),
     ('com', None, 'one label: a whole top-level domain'),
     ('http://c2.example/x', None, 'a URL, not a name')]
    """
    value = plain_name(raw["value"].cast(pl.String).str.replace(_PORT, "${v4}${v6}"))
    if "until" not in raw.columns:
        raw = raw.with_columns(until=pl.lit(None, pl.Int64))
    frame = pl.concat([raw.with_columns(value=value), _networks(value)], how="horizontal")
    text = pl.col("value")
    digits = pl.when(text.str.contains(r"^[0-9a-f]{32,128}$")).then(text.str.len_chars())
    kind = (
        pl.when(digits == 64)
        .then(pl.lit("sha256"))
        .when(pl.col("bits").is_not_null())
        .then(pl.lit("address"))
        .when(
            text.str.contains(_NAME)
            & ~text.str.contains(r"\.[0-9]+$")
            & (text.str.len_chars() <= LONGEST_NAME)
            & digits.is_null()
        )
        .then(pl.lit("domain"))
    )
    reason = pl.coalesce(
        "reason",
        pl.when(pl.col("bits") == 0).then(pl.lit("a network of all addresses")),
        pl.when(pl.col("kind").is_null()).then(_why(text, digits)),
    )
    classified = frame.with_columns(kind=kind).with_columns(reason=reason)
    return classified.with_columns(kind=pl.when(pl.col("reason").is_null()).then("kind"))


def _why(text: pl.Expr, digits: pl.Expr) -> pl.Expr:
    """Say what an entry of no known kind looks like."""
    number = text.str.contains(_V4) & text.str.contains(r"[./]")
    return (
        pl.when(text.fill_null("") == "")
        .then(pl.lit("empty"))
        .when(text.str.contains("://", literal=True))
        .then(pl.lit("a URL, not a name"))
        .when(digits.is_in(list(_HASH_LENGTHS)))
        .then(digits.replace_strict(_HASH_LENGTHS, default=None, return_dtype=pl.String) + ", not a SHA-256")
        .when(number | text.str.contains(":", literal=True))
        .then(pl.lit("not an address or network"))
        .when(text.str.contains("@", literal=True))
        .then(pl.lit("a mail address, not a name"))
        .when(~text.str.contains(".", literal=True) & text.str.contains(rf"^{_LABEL}$"))
        .then(pl.lit("one label: a whole top-level domain"))
        .otherwise(pl.lit("not an address, network, domain name or SHA-256"))
    )


def _networks(value: pl.Series) -> pl.DataFrame:
    """Parse addresses and networks; columns null where the value is neither."""
    parts = (
        value.alias("value")
        .to_frame()
        .select(
            address=pl.col("value").str.replace(r"/[0-9]{1,3}$", ""),
            length=pl.col("value").str.extract(r"/([0-9]{1,3})$").cast(pl.UInt16, strict=False),
            slash=pl.col("value").str.contains("/", literal=True),
        )
    )
    # A zone names a link of one machine: no entry of a list has one.
    plain = pl.when(~pl.col("address").str.contains("%", literal=True)).then("address")
    parsed = pl.concat([parts, numbers(parts.select(plain).to_series())], how="horizontal")
    ipv4 = ~pl.col("address").str.contains(":", literal=True)
    most = pl.when(ipv4).then(32).otherwise(128)
    # All of IPv4 is no more a network than all of IPv6.
    shared = pl.when(ipv4 & (pl.col("length") > 0)).then(MAPPED).otherwise(0)
    bits = pl.when(~pl.col("slash")).then(128).when(pl.col("length") <= most).then(pl.col("length") + shared)
    return _masked(
        parsed.select("hi", "lo", bits=pl.when(pl.col("hi").is_not_null()).then(bits).cast(pl.UInt8))
    )


def _masked(frame: pl.DataFrame) -> pl.DataFrame:
    masks = prefixes(frame["bits"].drop_nulls())
    return frame.join(masks, on="bits", how="left", maintain_order="left").select(
        hi=pl.col("hi") & pl.col("mask_hi"), lo=pl.col("lo") & pl.col("mask_lo"), bits="bits"
    )


def network_entries(entries: pl.DataFrame, number: int) -> pl.DataFrame:
    """Networks of one list as `rtml.rules.intelligence.addresses.match_addresses` takes them."""
    networks = entries.filter(pl.col("kind") == "address").unique(
        ["hi", "lo", "bits", "until"], keep="first", maintain_order=True
    )
    return networks.select("hi", "lo", "bits", "until", list=pl.lit(number, pl.UInt32), entry="value")


def domain_entries(entries: pl.DataFrame, number: int, exact: bool) -> pl.DataFrame:
    """Names of one list as `match_domains` takes them; ``*.`` asks for subdomains in any list."""
    starred = pl.col("value").str.contains(r"^\*?\.")
    return (
        entries.filter(pl.col("kind") == "domain")
        .select(
            list=pl.lit(number, pl.UInt32),
            domain=pl.col("value").str.replace(r"^\*?\.", ""),
            exact=~starred & exact,
            entry="value",
            until="until",
        )
        .unique(["domain", "exact", "until"], keep="first", maintain_order=True)
    )


def hash_entries(entries: pl.DataFrame, number: int) -> pl.DataFrame:
    """Hashes of one list: ``list``, ``sha256`` (lower case), ``entry``, ``until``."""
    hashes = entries.filter(pl.col("kind") == "sha256").unique(["value", "until"], maintain_order=True)
    return hashes.select(list=pl.lit(number, pl.UInt32), sha256="value", entry="value", until="until")
