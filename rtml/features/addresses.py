"""Addresses and names on the network as keys."""

from __future__ import annotations

import polars as pl

from rtml.features.paths import normalise

__all__ = ["EPHEMERAL", "domain_key", "endpoint", "port"]

EPHEMERAL = 32768
"""Ports from here up are handed out by the kernel (Linux ``ip_local_port_range``)."""


def port(number: pl.Expr) -> pl.Expr:
    """Return a port as text; the ports that the kernel hands out count as one, ``high``.

    Examples
    --------
    >>> pl.DataFrame({"p": [443, 51234, None]}).select(port(pl.col("p").cast(pl.String)))
    shape: (3, 1)
    ...
    """
    value = number.cast(pl.Int64, strict=False)
    return pl.when(value >= EPHEMERAL).then(pl.lit("high")).otherwise(number).fill_null("?")


def endpoint(ip: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Return ``ip port``, null without an address."""
    return pl.concat_str([ip, number.fill_null("?")], separator=" ")


def domain_key(domain: pl.Expr) -> pl.Expr:
    """Return a domain as a key: lower case, random labels and numbers out, four labels at most.

    Four labels keep ``name.namespace.svc.cluster.local`` apart by namespace at least, while a
    tunnel that puts its data into labels of one zone stays one key.

    Examples
    --------
    >>> names = ["Cache-1.shop.Internal.", "4f9a8b7c6d5e4f3a2b1c.t.evil.example.com"]
    >>> pl.DataFrame({"d": names}).select(domain_key(pl.col("d")))["d"].to_list()
    ['cache-#.shop.internal', 't.evil.example.com']
    """
    lower = domain.str.slice(0, 255).str.to_lowercase().str.strip_chars_end(".")
    clean = normalise(lower.str.replace_all("*", "?", literal=True))
    return clean.str.split(".").list.tail(4).list.join(".")
