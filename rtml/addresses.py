"""What kind of address an address of the network is."""

from __future__ import annotations

import polars as pl

__all__ = ["scope"]

_SCOPES = (
    (r"^(127\.|0\.0\.0\.0$|::1$|::$)", "loopback"),
    (r"^(169\.254\.|fe[89ab])", "link-local"),
    (r"^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.)", "private"),
    (r"^(100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|f[cd])", "private"),
)


def scope(ip: pl.Expr) -> pl.Expr:
    """Return what kind of address this is: loopback, link-local, private or public.

    Link-local is where clouds keep the metadata service. IPv4 inside IPv6 counts as IPv4.

    Examples
    --------
    >>> ips = ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::ffff:172.20.0.1", "8.8.8.8"]
    >>> pl.DataFrame({"ip": ips}).select(scope(pl.col("ip")))["ip"].to_list()
    ['loopback', 'link-local', 'private', 'private', 'public']
    """
    bare = ip.str.to_lowercase().str.strip_prefix("::ffff:")
    tests = [pl.when(bare.str.contains(pattern)).then(pl.lit(name)) for pattern, name in _SCOPES]
    public = pl.when(bare.is_not_null()).then(pl.lit("public"))
    return pl.coalesce(*tests, public).name.keep()
