"""Ask the lab's name server for names: made up (``dga``) or carrying data (``tunnel``)."""

from __future__ import annotations

import base64
import hashlib
import random
import socket
import struct
import sys
import time

TYPES = {"A": 1, "TXT": 16}


def made_up(seed: str, count: int) -> list[str]:
    """Names as a domain-generation algorithm makes them: the same for the same seed.

    Examples
    --------
    >>> made_up("s", 2) == made_up("s", 2), len(made_up("s", 2))
    (True, 2)
    """
    dice = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(dice.choices(letters, k=dice.randint(10, 18))) for _ in range(count)]
    return [f"{word}.{dice.choice(['info', 'biz', 'top', 'xyz'])}" for word in words]


def carrying(seed: str, count: int) -> list[str]:
    """Names whose first label carries 30 bytes of (random) data."""
    blocks = [hashlib.sha256(f"{seed}{n}".encode()).digest()[:30] for n in range(count)]
    texts = [base64.b32encode(block).decode().lower().rstrip("=") for block in blocks]
    return [f"{text}.{n}.t.files-sync.net" for n, text in enumerate(texts)]


def question(number: int, name: str, kind: str) -> bytes:
    r"""One DNS question.

    Examples
    --------
    >>> question(1, "a.b", "A")[12:]
    b'\x01a\x01b\x00\x00\x01\x00\x01'
    """
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, TYPES[kind], 1)


def main(manner: str, server: str, count: str, pause: str, kind: str = "A") -> None:
    """Send ``count`` (at most 300) questions to ``server``, ``pause`` seconds apart."""
    names = {"dga": made_up, "tunnel": carrying}[manner](server, min(int(count), 300))
    for number, name in enumerate(names):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.3)
            sock.connect((server, 53))
            sock.send(question(number, name, kind))
            try:
                sock.recv(512)
            except OSError:  # no answer is fine: the question was the event
                pass
        time.sleep(float(pause))


if __name__ == "__main__":
    main(*sys.argv[1:])
