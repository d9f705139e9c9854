r"""Raw kernel bytes in a text log, decoded for all rows at once: escapes, socket addresses.

bpftrace's ``%r`` writes printable bytes as they are and the others as ``\xNN``. All rows are laid
end to end in one byte array, so that a step costs a few NumPy operations however many rows.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rtml.reading.escapes import as_literal, readable

__all__ = ["Bytes", "Index", "Mask", "Payloads", "socket_address", "unescape"]

Bytes = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_HEX = np.full(256, 255, np.uint8)
for _digit, _char in enumerate("0123456789abcdef"):
    _HEX[[ord(_char), ord(_char.upper())]] = _digit

_INET, _INET6, _UNIX = 2, 10, 1


class Payloads(NamedTuple):
    """Byte strings end to end: row ``i`` is ``data[start[i]:start[i + 1]]``."""

    data: Bytes
    start: Index

    def length(self) -> Index:
        """Bytes per row."""
        return np.diff(self.start)

    def at(self, offset: int | Index) -> Index:
        """Byte at an offset of every row, -1 where the row is shorter."""
        place = self.start[:-1] + offset
        inside = place < self.start[1:]
        padded = np.append(self.data, np.uint8(0))
        return np.where(inside, padded[np.where(inside, place, 0)].astype(np.int64), -1)

    def until_nul(self, offset: int | Index) -> Index:
        """Offset of the first zero byte at or after ``offset``, else the row's length."""
        nul = np.append(np.flatnonzero(self.data == 0), len(self.data))
        from_here = np.minimum(self.start[:-1] + offset, len(self.data))
        next_nul = nul[np.searchsorted(nul, from_here)]
        end: Index = np.minimum(next_nul - self.start[:-1], self.length())
        return end

    def text(self, first: int | Index = 0, end: Index | None = None) -> pl.Series:
        """Bytes ``first`` to ``end`` of each row as text (`rtml.reading.escapes`)."""
        begin = self.start[:-1] * 0 + first
        stop = np.maximum(begin, self.length() if end is None else end)
        spans = pl.DataFrame({"raw": self.series(), "first": begin, "size": stop - begin})
        piece = spans.select(pl.col("raw").bin.slice("first", "size")).to_series()
        high = np.append(0, np.cumsum(self.data >= 128))
        odd = (
            high[np.minimum(self.start[:-1] + stop, self.start[1:])]
            != high[np.minimum(self.start[:-1] + begin, self.start[1:])]
        )
        clean = pl.when(pl.Series(~odd)).then(piece).otherwise(pl.lit(b""))  # a null would keep its bytes
        texts = pl.select(text=clean.cast(pl.String))
        plain = texts.select(as_literal(pl.col("text"))).to_series()
        rare = [readable(raw) for raw in piece.filter(pl.Series(odd))]
        return plain.scatter(np.flatnonzero(odd), rare) if rare else plain

    def series(self) -> pl.Series:
        """Rows as a binary column, without a copy."""
        buffers = [None, pa.py_buffer(self.start), pa.py_buffer(self.data)]
        array = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self.start) - 1, buffers)
        return pl.Series("raw", array, dtype=pl.Binary)


def unescape(text: pl.Series) -> Payloads:
    r"""Turn ``\xNN`` escapes into bytes; null counts as empty.

    Examples
    --------
    >>> unescape(pl.Series([r"\x02\x00\x11\\x00", "sh", None])).series().to_list()
    [b'\x02\x00\x11\\\x00', b'sh', b'']
    """
    filled = text.fill_null("")
    size = np.append(0, np.cumsum(filled.str.len_bytes().to_numpy().astype(np.int64)))
    raw = np.frombuffer(filled.str.join("").item().encode(), np.uint8)
    ahead = np.concatenate([raw, np.zeros(3, np.uint8)])
    high, low = _HEX[ahead[2:-1]], _HEX[ahead[3:]]
    escape = (raw == ord("\\")) & (ahead[1:-2] == ord("x")) & (high < 16) & (low < 16)
    value = np.where(escape, (high << 4) | (low & 15), raw).astype(np.uint8)
    keep = np.ones(len(raw), bool)
    for step in (1, 2, 3):
        keep[step:] &= ~escape[:-step]
    kept = np.append(0, np.cumsum(keep)).astype(np.int64)
    return Payloads(value[keep], kept[size])


def socket_address(payload: Payloads) -> pl.DataFrame:
    r"""Read ``struct sockaddr``: columns ``ip``, ``port``, ``path`` (unix; abstract as ``@name``).

    Examples
    --------
    >>> rows = unescape(pl.Series([r"\x02\x00\x005\x0ac\x00\x0e", r"\x01\x00/run/x\x00junk", ""]))
    >>> socket_address(rows).rows()
    [('10.99.0.14', 53, None), (None, None, '/run/x'), (None, None, None)]
    """
    family, size = payload.at(0), payload.length()
    v4, v6 = (family == _INET) & (size >= 8), (family == _INET6) & (size >= 24)
    port = (payload.at(2) << 8) | payload.at(3)
    numbered = pl.Series((family == _INET) | (family == _INET6)) & pl.Series(size >= 4)
    return pl.DataFrame(
        {
            "ip": _addresses(payload, v4, v6),
            "port": pl.Series(port, dtype=pl.Int32),
            "path": _unix_paths(payload),
            "unix": family == _UNIX,
        }
    ).select(
        "ip",
        port=pl.when(numbered).then("port"),
        path=pl.when(pl.col("unix") & (pl.col("path") != "")).then("path"),
    )


def _unix_paths(payload: Payloads) -> pl.Series:
    abstract = (payload.at(2) == 0) & (payload.length() > 3)
    first = np.where(abstract, 3, 2)
    end = np.where(payload.at(0) == _UNIX, payload.until_nul(first), first)
    path = payload.text(first, end)
    return pl.select(pl.when(pl.Series(abstract)).then("@" + path).otherwise(path)).to_series()


def _addresses(payload: Payloads, v4: Mask, v6: Mask) -> pl.Series:
    """Spell each distinct address once."""
    raw = pl.DataFrame({"raw": payload.series(), "v4": v4, "v6": v6})
    four, sixteen = pl.col("raw").bin.slice(4, 4), pl.col("raw").bin.slice(8, 16)
    keys = raw.select(pl.when("v4").then(four).when("v6").then(sixteen).alias("key"))
    names = keys.unique().drop_nulls()
    spelled = names.with_columns(ip=pl.Series([_spell(key) for key in names["key"]], dtype=pl.String))
    return keys.join(spelled, on="key", how="left", maintain_order="left")["ip"]


def _spell(key: bytes) -> str:
    address = ipaddress.ip_address(key)
    return str(getattr(address, "ipv4_mapped", None) or address)
