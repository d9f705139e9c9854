"""Two ends of a connection as one text: ``10.0.0.1:39526->10.0.0.2:443``, also of IPv6, and ``…:https``."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.services import port_of_name
from rtml.distinct import by_distinct

__all__ = ["address", "end_of", "port"]

_PORT = r"(\d{1,5}|[\w+-]*[g-zG-Z_+-][\w+-]*)"
"""A number, or a name that is no end of an address of IPv6."""
_END = rf"\[?([0-9A-Fa-f:.]*[0-9A-Fa-f:])\]?:{_PORT}"
_ADDRESS = r"^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.%a-z]*)$"
_ENDS = {"left": rf"^{_END}(?:->|$)", "right": rf"->{_END}$"}


def end_of(text: pl.Expr, side: str) -> tuple[pl.Expr, pl.Expr]:
    """Return address and port of one end, ``left`` or ``right``; nulls where the text names none.

    Of a service that is not known (`rtml.captures.sensors.services`) the address is told without a port.

    Examples
    --------
    >>> texts = pl.DataFrame({"fd": ["10.0.0.1:5->10.0.0.2:443", "::1:8080->::1:443", "0.0.0.0:80", "/x"]})
    >>> ip, number = end_of(pl.col("fd"), "right")
    >>> texts.select(ip=ip, port=number).rows()
    [('10.0.0.2', 443), ('::1', 443), (None, None), (None, None)]
    >>> texts.select(ip=end_of(pl.col("fd"), "left")[0])["ip"].to_list()
    ['10.0.0.1', '::1', '0.0.0.0', None]
    >>> ip, number = end_of(pl.lit("10.0.0.1:5->::1:ssh"), "right")
    >>> pl.select(ip=ip, port=number).rows()
    [('::1', 22)]
    """
    end = text.str.extract_groups(_ENDS[side]).struct
    return address(end["1"]), port(port_of_name(end["2"]))


def address(text: pl.Expr) -> pl.Expr:
    """Return an address of IPv4 or IPv6 in lower case; one of IPv4 inside IPv6 is that of IPv4.

    Examples
    --------
    >>> texts = ["::ffff:10.0.0.1", "FE80::1", "", "host"]
    >>> pl.DataFrame({"ip": texts}).select(address(pl.col("ip")))["ip"].to_list()
    ['10.0.0.1', 'fe80::1', None, None]
    """
    return by_distinct(text, _address)


def _address(text: pl.Expr) -> pl.Expr:
    plain = text.str.to_lowercase().str.replace(r"^::ffff:(\d+\.\d+\.\d+\.\d+)$", "${1}")
    return pl.when(plain.str.contains(_ADDRESS)).then(plain)


def port(text: pl.Expr) -> pl.Expr:
    """Return a port; 0, which is none, and what no port can be are null.

    Examples
    --------
    >>> pl.DataFrame({"p": ["443", "0", "70000", "-1", None]}).select(port(pl.col("p")))["p"].to_list()
    [443, None, None, None, None]
    """
    number = text.cast(pl.Int64, strict=False)
    return pl.when(number.is_between(1, 65535)).then(number).cast(pl.Int32)
