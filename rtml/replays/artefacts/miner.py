"""A stand-in for a miner: says the first words of stratum, then sleeps. It computes nothing."""

from __future__ import annotations

import json
import socket
import sys
import time


def main(host: str, port: str, seconds: str) -> None:
    """Log in at the lab's stratum-like listener and hold the line for ``seconds`` (at most 90)."""
    words = [("mining.subscribe", []), ("mining.authorize", ["lab", "x"])]
    end = time.monotonic() + min(float(seconds), 90)
    with socket.socket() as line:
        line.settimeout(2)
        if line.connect_ex((host, int(port))):
            return
        for number, (method, values) in enumerate(words):
            text = json.dumps({"id": number, "method": method, "params": values})
            line.sendall(text.encode() + b"\n")
        while time.monotonic() < end:
            time.sleep(2)


if __name__ == "__main__":
    main(*sys.argv[1:4])
