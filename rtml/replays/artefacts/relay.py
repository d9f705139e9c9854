"""A small relay: takes connections on a loopback port and passes bytes on to the lab's listener."""

from __future__ import annotations

import contextlib
import socket
import sys
import time

MOST = 4096
"""Bytes passed on per connection."""


def main(local_port: str, host: str, port: str, seconds: str) -> None:
    """Relay 127.0.0.1:``local_port`` to ``host``:``port`` for ``seconds`` (at most 60)."""
    end = time.monotonic() + min(float(seconds), 60)
    with socket.create_server(("127.0.0.1", int(local_port))) as door:
        door.settimeout(1)
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                guest, _ = door.accept()
                with guest:
                    guest.settimeout(1)
                    passed_on(guest, (host, int(port)))


def passed_on(guest: socket.socket, target: tuple[str, int]) -> None:
    """Pass one request on and one answer back."""
    with socket.create_connection(target, timeout=1) as line:
        line.sendall(guest.recv(MOST))
        guest.sendall(line.recv(MOST))


if __name__ == "__main__":
    main(*sys.argv[1:5])
