"""Health checks and outside visitors: requests from the gateway, as a node's agent and a balancer.

Intruders that come through the application come from the same address, so it tells nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import threading

from rtml.replays.lab import Lab, answers

__all__ = ["Probes"]

_PATHS = {
    80: ["/health", "/health", "/index", "/shop/item?id=7"],
    8080: ["/health", "/health", "/shop/item?id=9", "/shop/lookup?host=web.shop.internal"],
    3000: ["/health", "/api/price"],
    8070: ["/health", "/preview?part=foot.html"],
    8090: ["/health", "/ledger/report"],
}


class Probes(threading.Thread):
    """Ask one container after the other, about ``rate`` a second in all."""

    def __init__(self, lab: Lab, dice: random.Random, stopping: threading.Event, rate: float = 3.0) -> None:
        super().__init__(daemon=True)
        self._lab, self._dice, self._stopping, self._rate = lab, dice, stopping, rate

    def run(self) -> None:
        """Go on until the sitting stops."""
        while not self._stopping.wait(self._dice.expovariate(self._rate)):
            serving = [c for c in list(self._lab.places.values()) if c.workload.ready]
            container = self._dice.choice(serving)
            probe(container.ip, container.workload.ready or 0, self._dice)


def probe(ip: str, port: int, dice: random.Random) -> None:
    """Ask once: by HTTP where that is spoken, else just connect."""
    if port not in _PATHS:
        answers(ip, port)
        return
    with contextlib.suppress(OSError, http.client.HTTPException):
        line = http.client.HTTPConnection(ip, port, timeout=3)
        line.request("GET", dice.choice(_PATHS[port]))
        line.getresponse().read()
        line.close()
