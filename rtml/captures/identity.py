"""A process's name for life: one 64-bit number from host, pid and start time.

A pid is reused, a pid with its start time is not (on one host). The number is the same on every
machine and in every run: 64-bit BLAKE2b of the host's name, stirred with pid and start time by the
splitmix64 finaliser. Two of a million processes meet by chance with probability 3e-8.

References
----------
Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014),
https://doi.org/10.1145/2660193.2660195
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["process_id"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)

Words = npt.NDArray[np.uint64]


def process_id(
    host: pl.Series | npt.NDArray[np.object_], pid: npt.ArrayLike, started: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """Return one number per (host, pid, start time).

    Parameters
    ----------
    host
        Host names; null counts as the empty name.
    pid
        Process ids, integers.
    started
        Start times, integer nanoseconds since the epoch (any fixed zero serves).

    Returns
    -------
    Signed 64-bit numbers, all bits used; empty for empty input. Fails when two processes of one
    host share pid and start time, which a kernel never grants within one boot.

    Examples
    --------
    >>> process_id(pl.Series(["a", "a", "b"]), [1, 2, 1], [5, 5, 5]).tolist()
    [495760295683883411, -6785055928958271007, 8695004030232762780]
    """
    words = _host_words(pl.Series(host).cast(pl.String).fill_null(""))
    return _stir(_stir(words, pid), started).view(np.int64)


def _host_words(host: pl.Series) -> Words:
    """Hash each distinct name once; a capture has few hosts and many events."""
    names = host.unique()
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names]
    words = pl.Series([int.from_bytes(digest, "little") for digest in digests], dtype=pl.UInt64)
    return host.replace_strict(names, words, return_dtype=pl.UInt64).to_numpy()


def _stir(state: Words, value: npt.ArrayLike) -> Words:
    """Mix one more number in; the finaliser makes every bit depend on every bit."""
    with np.errstate(over="ignore"):
        z = (state ^ np.asarray(value).astype(np.int64).view(np.uint64)) + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)
