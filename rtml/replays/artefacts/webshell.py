"""A stand-in for a web shell: listens on loopback and runs commands from a fixed list only."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

COMMANDS = {
    "who": ["sh", "-c", "id; whoami"],
    "where": ["sh", "-c", "pwd; ls -la /"],
    "what": ["sh", "-c", "uname -a; cat /etc/os-release"],
    "shell": ["sh", "-i"],
}
"""What can be asked for; anything else is answered with nothing."""


def main(port: str, seconds: str) -> None:
    """Serve 127.0.0.1:``port`` for ``seconds`` (at most 120)."""
    end = time.monotonic() + min(float(seconds), 120)
    with socket.create_server(("127.0.0.1", int(port))) as door:
        door.settimeout(1)
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                guest, _ = door.accept()
                with guest:
                    guest.settimeout(1)
                    answer(guest)


def answer(guest: socket.socket) -> None:
    """Run the command that the first line names, with nothing on its input."""
    word = guest.recv(1024).decode("latin-1").partition("?")[2].partition(" ")[0]
    command = COMMANDS.get(word, ["true"])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
    guest.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + done.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:3])
