"""Call home now and then, with jitter: a few bytes to the lab's own listener."""

from __future__ import annotations

import random
import socket
import sys
import time


def main(host: str, port: str, count: str, every: str, jitter: str = "0.4") -> None:
    """Connect ``count`` (at most 60) times, about ``every`` seconds apart."""
    for _ in range(min(int(count), 60)):
        try:
            with socket.create_connection((host, int(port)), timeout=2) as line:
                line.sendall(b"GET /tasks.txt HTTP/1.0\r\nHost: cdn\r\n\r\n")
                line.settimeout(1)
                line.recv(256)
        except OSError:  # the listener may be busy: the attempt was the event
            pass
        time.sleep(float(every) * random.uniform(1 - float(jitter), 1 + float(jitter)))


if __name__ == "__main__":
    main(*sys.argv[1:])
