"""Just enough of redis' protocol for the lab's services."""

from __future__ import annotations

import socket

__all__ = ["redis"]


def redis(host: str, *words: str, timeout: float = 3.0) -> bytes:
    """Send one command over a connection of its own and return the raw answer."""
    parts = [f"*{len(words)}\r\n", *(f"${len(w.encode())}\r\n{w}\r\n" for w in words)]
    with socket.create_connection((host, 6379), timeout=timeout) as line:
        line.sendall("".join(parts).encode())
        return line.recv(65536)
