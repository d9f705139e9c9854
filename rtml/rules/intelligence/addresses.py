"""Match addresses against networks by one join, IPv4 and IPv6 alike.

An address is a number of 128 bits in two columns of 64, IPv4 as mapped into IPv6
(``::ffff:192.0.2.1``). A network of *n* leading bits holds an address when both agree on these. So
each distinct address is masked to every length that occurs in the lists (at most 129) and joined
for equality: networks may nest and overlap, and a million of them cost one hash table.
"""

from __future__ import annotations

import socket

import numpy as np
import polars as pl

__all__ = ["MAPPED", "match_addresses", "numbers", "prefixes"]

MAPPED = 96
"""Leading bits that all IPv4 addresses share when mapped into IPv6."""

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"^{_BYTE}(?:\.{_BYTE}){{3}}$"
_LOW_BITS = (1 << 64) - 1
_PREFIX = 0xFFFF << 32


def numbers(addresses: pl.Series) -> pl.DataFrame:
    """Return ``hi`` and ``lo`` (unsigned 64 bits) of each address; null where it is none.

    IPv4 is dotted decimal without leading zeros; of IPv6 every form, a zone (``%eth0``) is ignored.

    Examples
    --------
    >>> numbers(pl.Series(["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "nonsense"])).rows()
    [(0, 281473902969345), (0, 281473902969345), (2306139568115548160, 1), (None, None)]
    """
    text = addresses.cast(pl.String).alias("text").to_frame()
    parts = pl.col("text").str.split(".").list.eval(pl.element().cast(pl.UInt64, strict=False))
    value = pl.lit(0, pl.UInt64)
    for i in range(4):
        value = value * 256 + parts.list.get(i, null_on_oob=True)
    ipv4 = pl.when(pl.col("text").str.contains(_V4))
    frame = text.select(
        "text", hi=ipv4.then(pl.lit(0, pl.UInt64)), lo=ipv4.then(value + pl.lit(_PREFIX, pl.UInt64))
    )
    ipv6 = frame.filter(pl.col("text").str.contains(":", literal=True)).select("text").unique()
    if ipv6.is_empty():
        return frame.select("hi", "lo")
    ipv6 = pl.concat([ipv6, _ipv6(ipv6["text"])], how="horizontal")
    return frame.join(ipv6, on="text", how="left", maintain_order="left").select(
        hi=pl.coalesce("hi", "hi6"), lo=pl.coalesce("lo", "lo6")
    )


def _ipv6(texts: pl.Series) -> pl.DataFrame:
    """Parse IPv6: the system's parser, once per distinct address."""
    packed = [_packed(text.partition("%")[0]) for text in texts]
    good = np.array([address is not None for address in packed])
    raw = b"".join(address or bytes(16) for address in packed)
    halves = np.frombuffer(raw, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    frame = pl.DataFrame({"hi6": halves[:, 0], "lo6": halves[:, 1], "good": good})
    return frame.select(pl.when("good").then(pl.col("hi6", "lo6")))


def _packed(text: str) -> bytes | None:
    try:
        return socket.inet_pton(socket.AF_INET6, text)
    except (OSError, UnicodeEncodeError, ValueError):
        return None


def prefixes(bits: pl.Series) -> pl.DataFrame:
    """Return ``bits``, ``mask_hi``, ``mask_lo``: the masks of these prefix lengths (0 to 128)."""
    lengths = sorted(set(bits.to_list()))
    all_bits = (1 << 128) - 1
    masks = [all_bits ^ (all_bits >> n) for n in lengths]
    schema = {"bits": pl.UInt8, "mask_hi": pl.UInt64, "mask_lo": pl.UInt64}
    rows = [(n, m >> 64, m & _LOW_BITS) for n, m in zip(lengths, masks, strict=True)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def match_addresses(addresses: pl.Series, networks: pl.DataFrame) -> pl.DataFrame:
    """Find the networks that hold each address.

    Parameters
    ----------
    addresses
        Text; repeated, null and unreadable values are allowed and match nothing.
    networks
        ``list``, ``hi``, ``lo``, ``bits``, ``entry`` (the text to show) and, if there, ``until``
        (nanoseconds, null: always); host bits zero.

    Returns
    -------
    ``value`` (distinct addresses), ``list``, ``entry``, ``until``, ``size`` (leading bits): of each list the
    longest network that holds it always, and the longest until each time. A network of IPv6 that is wider
    than the IPv4 block does not hold IPv4 addresses.

    Examples
    --------
    >>> networks = numbers(pl.Series(["192.0.2.0", "192.0.2.128"])).with_columns(
    ...     list=pl.lit(0, pl.UInt32), bits=pl.Series([120, 121], dtype=pl.UInt8),
    ...     entry=pl.Series(["192.0.2.0/24", "192.0.2.128/25"]))
    >>> match_addresses(pl.Series(["192.0.2.1", "192.0.2.200", "10.0.0.1"]), networks).rows()
    [('192.0.2.1', 0, '192.0.2.0/24', None, 120), ('192.0.2.200', 0, '192.0.2.128/25', None, 121)]
    """
    distinct = addresses.cast(pl.String).drop_nulls().unique().alias("value")
    seen = pl.concat([distinct.to_frame(), numbers(distinct)], how="horizontal").drop_nulls()
    ipv4 = (pl.col("hi") == 0) & (pl.col("lo") // (1 << 32) == 0xFFFF)
    tried = (
        seen.lazy()
        .join(prefixes(networks["bits"]).lazy(), how="cross")
        .filter(~(ipv4 & (pl.col("bits") < MAPPED)))
        .select("value", "bits", hi=pl.col("hi") & pl.col("mask_hi"), lo=pl.col("lo") & pl.col("mask_lo"))
    )
    if "until" not in networks.columns:
        networks = networks.with_columns(until=pl.lit(None, pl.Int64))
    return (
        tried.join(networks.lazy(), on=["hi", "lo", "bits"])
        .sort("value", "list", "bits", "entry", descending=[False, False, True, False])
        .unique(["value", "list", "until"], keep="first", maintain_order=True)
        .select("value", "list", "entry", "until", size=pl.col("bits").cast(pl.Int64))
        .collect()
    )
