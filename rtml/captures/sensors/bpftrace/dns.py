"""Questions of DNS messages, read for all rows at once."""

from __future__ import annotations

import numpy as np
import polars as pl

from rtml.captures.sensors.bpftrace.payloads import Bytes, Index, Mask, Payloads
from rtml.reading.escapes import readable

__all__ = ["dns_question"]

_QUERY_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
}


def dns_question(payload: Payloads) -> pl.DataFrame:
    r"""Read the first question of DNS messages: columns ``domain`` and ``query_type``.

    Names are lower-cased (DNS is case-blind); a message that is cut off or breaks the format has
    nulls. A dot inside a label, which separates nothing, is written ``\\x5c.``, so that no name is
    taken for another; the root's own name is a dot. Compression pointers do not occur in a first question.

    Examples
    --------
    >>> from rtml.captures.sensors.bpftrace.payloads import unescape
    >>> head = r"?\x9d\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    >>> question = head + r"\x05cache\x04shop\x00\x00\x1c\x00\x01"
    >>> root = head + r"\x00\x00\x02\x00\x01"
    >>> dns_question(unescape(pl.Series([question, root, "short"]))).rows()
    [('cache.shop', 'AAAA'), ('.', 'NS'), (None, None)]
    """
    good = (payload.at(4) == 0) & (payload.at(5) == 1)
    dotted, end, good, inner = _labels(payload, good)
    code = pl.Series((payload.at(end + 1) << 8) | payload.at(end + 2)).cast(pl.String)
    name = Payloads(dotted, payload.start).text(13, end).str.to_lowercase().replace("", ".")
    odd = np.flatnonzero(good & inner)
    if len(odd):
        name = name.scatter(odd, [_spelled(raw) for raw in payload.series().gather(odd)])
    names = {str(number): kind for number, kind in _QUERY_TYPES.items()}
    complete = pl.Series(good & (payload.at(end + 2) >= 0))
    return pl.DataFrame({"domain": name, "query_type": code.replace(names), "complete": complete}).select(
        pl.when("complete").then(pl.col("domain", "query_type"))
    )


def _spelled(raw: bytes) -> str:
    """Spell one name whose labels hold dots."""
    labels, at = [], 12
    while size := raw[at]:
        labels.append(readable(raw[at + 1 : at + 1 + size]).replace(".", r"\x5c."))
        at += size + 1
    return ".".join(labels).lower()


def _labels(payload: Payloads, good: Mask) -> tuple[Bytes, Index, Mask, Mask]:
    """Walk all names label by label; length bytes become dots.

    Returns
    -------
    The bytes, where each name ends, which names are whole, and in which of them a label holds a dot.
    """
    dotted, at, going = payload.data.copy(), np.full(len(good), 12, np.int64), good.copy()
    inner = payload.data == ord(".")
    for _ in range(128):  # a name has at most 127 labels
        size = payload.at(at)
        good = good & (~going | ((size >= 0) & (size < 64)))
        going &= good & (size > 0)
        if not going.any():
            break
        length = (payload.start[:-1] + at)[going]
        dotted[length], inner[length] = ord("."), False
        at = np.where(going, at + size + 1, at)
    dots = np.append(0, np.cumsum(inner))
    first, last = (np.minimum(payload.start[:-1] + place, payload.start[1:]) for place in (12, at))
    return dotted, at, good, dots[np.maximum(first, last)] > dots[first]
