"""Try to connect to a few ports of a few addresses, nothing is sent."""

from __future__ import annotations

import socket
import sys
import time

MOST = 600
"""Never more attempts than this."""


def main(addresses: str, ports: str, pause: str = "0") -> None:
    """Try ``ports`` (``20-30,80``) of ``addresses`` (comma-separated), ``pause`` s between them."""
    todo = [(host, port) for host in addresses.split(",") for port in spread(ports)]
    for host, port in todo[:MOST]:
        with socket.socket() as sock:
            sock.settimeout(0.2)
            sock.connect_ex((host, port))
        time.sleep(float(pause))


def spread(ports: str) -> list[int]:
    """Write out ranges of ports.

    Examples
    --------
    >>> spread("20-22,80")
    [20, 21, 22, 80]
    """
    ends = [part.partition("-") for part in ports.split(",")]
    return [n for low, _, high in ends for n in range(int(low), int(high or low) + 1)]


if __name__ == "__main__":
    main(*sys.argv[1:])
