"""How much is taken at once: bytes of a body, bytes in memory, bytes a second of one client."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rtml.serving.refusing import behind

__all__ = ["Limits", "Pace", "Room"]


@dataclass(frozen=True)
class Limits:
    """Bounds of a server.

    Parameters
    ----------
    body, unpacked
        Bytes of one body as sent, and after it was unpacked.
    waiting
        Bytes of all bodies in memory; one client may have half of them. Beyond it is 429.
    captures
        Captures (account, cluster, sensor) that are written at the same time.
    patience
        Seconds in which a body must have come; the head must within a third of it.
    connections
        Connections at the same time; more are told 503.
    """

    body: int = 16_000_000
    unpacked: int = 64_000_000
    waiting: int = 256_000_000
    captures: int = 100
    patience: float = 30.0
    connections: int = 512


class Room:
    """Bytes that are in memory, by client."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._held = limits, Counter[str]()

    @contextmanager
    def held(self, client: str) -> Iterator[Callable[[int], None]]:
        """Hold bytes for one request; the function takes more of them, all go with the request.

        Examples
        --------
        >>> from rtml.serving.refusing import Refusal
        >>> room = Room(Limits(waiting=10))
        >>> with room.held("a") as take:
        ...     take(5)
        ...     try:
        ...         take(1)
        ...     except Refusal as refusal:
        ...         refusal.status, room.full
        (429, False)
        >>> room.total
        0
        """
        mine = 0

        def take(size: int) -> None:
            nonlocal mine
            if self._held[client] + size > self._limits.waiting / 2:
                raise behind("too many bytes of this client wait to be written")
            if self.total + size > self._limits.waiting:
                raise behind("too many bytes wait to be written")
            self._held[client] += size
            mine += size

        try:
            yield take
        finally:
            self._held[client] -= mine
            if not self._held[client]:
                del self._held[client]

    @property
    def total(self) -> int:
        """Bytes of all clients."""
        return self._held.total()

    @property
    def full(self) -> bool:
        """Tell whether hardly anything more is taken."""
        return self.total > self._limits.waiting * 0.9


@dataclass
class Pace:
    """Bytes a second of each client: a bucket that fills at its rate and holds ten seconds of it."""

    clock: Callable[[], float] = time.monotonic
    _owed: dict[str, tuple[float, float]] = field(default_factory=dict)

    def spend(self, client: str, rate: int | None, size: int) -> None:
        """Take ``size`` bytes off a client's bucket; an overdraft is waited for before the next batch.

        Examples
        --------
        >>> from rtml.serving.refusing import Refusal
        >>> now = [0.0]
        >>> pace = Pace(lambda: now[0])
        >>> pace.spend("a", 100, 1200)
        >>> try:
        ...     pace.spend("a", 100, 1)
        ... except Refusal as refusal:
        ...     refusal.headers
        {'Retry-After': '2'}
        >>> now[0] = 3.0
        >>> pace.spend("a", 100, 1)
        """
        if rate is None:
            return
        now = self.clock()
        left, at = self._owed.get(client, (rate * 10.0, now))
        left = min(rate * 10.0, left + (now - at) * rate)
        if left < 0:
            raise behind(f"this token may write {rate:,} bytes a second", -left / rate)
        self._owed[client] = (left - size, now)
