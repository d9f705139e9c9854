"""The shop's visitors: requests to every service, in rates that swing, burst and fall quiet."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import random
import sys
import time
from pathlib import Path

with contextlib.suppress(ImportError):  # absent where only the tests are
    import psycopg2  # type: ignore[import-untyped]
    from mqtt import publish  # type: ignore[import-not-found]
    from wire import redis  # type: ignore[import-not-found]


def swing(seconds: float, seed: int) -> float:
    """Factor on the rate: a slow wave, quiet stretches of 20 s, bursts of 5 s.

    Examples
    --------
    >>> 0 <= min(swing(t, 1) for t in range(600)) < 0.2 < 2 < max(swing(t, 1) for t in range(600))
    True
    """
    wave = 1 + 0.6 * math.sin(2 * math.pi * (seconds / 240 + seed / 7))
    dice = random.Random(seed * 100_003 + int(seconds // 20)).random()
    if dice < 0.12:
        return 0.05
    burst = dice > 0.88 and seconds % 20 < 5
    return wave * (3.0 if burst else 1.0)


def request(load: dict[str, object], host: str) -> None:
    """Send one request of a load to a host."""
    what = random.choice(list(load["what"])).replace("@n", str(random.randint(1, 200)))  # type: ignore[call-overload]
    if load["kind"] == "http":
        line = http.client.HTTPConnection(host, int(str(load["port"])), timeout=4)
        line.request("GET", what)
        line.getresponse().read()
        line.close()
    elif load["kind"] == "postgres":
        with contextlib.closing(psycopg2.connect(host=host, user="postgres")) as session:
            with session, session.cursor() as cursor:
                cursor.execute(what)
    elif load["kind"] == "mqtt":
        publish(host, *what.split(" ", 1))
    elif load["kind"] == "queue":
        redis(host, "LPUSH", "jobs", json.dumps({"kind": what}))
    else:
        redis(host, *what.split())


def main(plan: str, seed: int) -> None:
    """Follow the plan: a list of ``{host, kind, port, rate, what}``, for ever."""
    loads = json.loads(Path(plan).read_text())
    random.seed(seed)
    begin = time.monotonic()
    while True:
        factor = swing(time.monotonic() - begin, seed)
        total = sum(load["rate"] for load in loads) * factor
        time.sleep(min(2.0, random.expovariate(max(total, 0.2))))
        load = random.choices(loads, [load["rate"] for load in loads])[0]
        with contextlib.suppress(Exception):
            request(load, load["host"])


if __name__ == "__main__":
    main(sys.argv[1], sum(Path("/etc/hostname").read_bytes()))
