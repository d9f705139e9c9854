"""The lab's surroundings in one container: name server, partners, package mirror, the intruder's listeners.

Its addresses end in .2 (name server, intruder) and .200 to .229 (partners out there). It answers
and forgets: nothing that is sent here is kept, and it calls nobody but for the fixed reading
commands that it types into a shell that called it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

with contextlib.suppress(ImportError):  # absent where only the tests are
    import mirror  # type: ignore[import-not-found]

SOCKET = "/share/docker.sock"
WORDS = b"id\nuname -a\nls -la /\ncat /etc/passwd | head -3\nps -ef | head -5\nexit\n"
_NAMES: dict[str, Any] = {}


class Names(socketserver.DatagramRequestHandler):
    """Answer A questions from ``names.json`` (round robin); everything else does not exist."""

    turn = 0

    def handle(self) -> None:
        """Answer one question."""
        with contextlib.suppress(Exception):
            packet = self.rfile.read()
            self.wfile.write(answer(packet, known_names()))


def known_names(path: Path = Path("/share/names.json")) -> dict[str, list[str]]:
    """Read the names again when the file has changed."""
    changed = path.stat().st_mtime_ns
    if _NAMES.get("changed") != changed:
        _NAMES.update(changed=changed, names=json.loads(path.read_text()))
    return dict(_NAMES["names"])


def answer(packet: bytes, names: dict[str, list[str]]) -> bytes:
    r"""Build the answer to a DNS packet with one question.

    Examples
    --------
    >>> question = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x00\x00\x01\x00\x01"
    >>> answer(question, {"web": ["10.99.0.9"]})[-4:], answer(question, {})[3]
    (b'\nc\x00\t', 131)
    """
    end, labels = 12, []
    while packet[end]:
        labels.append(packet[end + 1 : end + 1 + packet[end]].decode("latin-1").lower())
        end += 1 + packet[end]
    question = packet[12 : end + 5]
    kind = struct.unpack(">H", packet[end + 1 : end + 3])[0]
    known = names.get(".".join(labels), [])
    Names.turn += 1
    found = [known[Names.turn % len(known)]] if known and kind == 1 else []
    flags = 0x8180 if known else 0x8183
    head = packet[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0)
    tail = b"".join(
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04" + socket.inet_aton(ip) for ip in found
    )
    return head + question + tail


class Web(BaseHTTPRequestHandler):
    """Serve the stand-ins below /artefacts; take uploads and forget them."""

    def do_GET(self) -> None:
        """Send a file of the artefact folder, or a word; of the package mirror what it has."""
        name = Path(self.path.partition("?")[0]).name
        if self.path.startswith("/apt/"):
            package = mirror.REPOSITORY / name
            self._send(package.read_bytes() if package.is_file() else b"", 200 if package.is_file() else 404)
            return
        path = Path("/artefacts") / name
        self._send(path.read_bytes() if path.is_file() else b"ok\n")

    def do_POST(self) -> None:
        """Read what comes and forget it."""
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)
        self._send(b'{"message": "no such image"}\n')

    do_PUT = do_POST

    def _send(self, body: bytes, status: int = 200) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def address_string(self) -> str:
        """Peers of a Unix socket have no address."""
        return "peer"

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing."""


class Plain(ThreadingHTTPServer):
    """An HTTP server that does not ask the name server (itself) for its own name."""

    def server_bind(self) -> None:
        """Bind, and no more."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "lab", 0


class Docker(Plain):
    """The same answers on a Unix socket, where a Docker client would look."""

    address_family = socket.AF_UNIX


class Sink(socketserver.BaseRequestHandler):
    """Read for at most 60 s and forget; a caller on 4444 first gets a few commands."""

    request: socket.socket

    def handle(self) -> None:
        """Serve one caller."""
        self.request.settimeout(60)
        with contextlib.suppress(OSError):
            if self._port() == 4444:
                time.sleep(0.5)
                for word in WORDS.splitlines(keepends=True):
                    self.request.sendall(word)
                    time.sleep(0.4)
            elif self._port() == 25:
                self.request.sendall(b"220 mail\r\n")
            elif self._port() == 3333:
                self.request.recv(4096)
                self.request.sendall(b'{"id": 0, "result": true, "error": null}\n')
            while self.request.recv(65536):
                pass

    def _port(self) -> int:
        return int(self.request.getsockname()[1])


class Ports(socketserver.ThreadingTCPServer):
    """Listeners that can be started again at once."""

    allow_reuse_address = True
    daemon_threads = True


def docker() -> Docker:
    """Make the Unix socket's server."""
    return Docker(SOCKET, Web)  # type: ignore[arg-type]


def main() -> None:
    """Start every listener and wait for ever."""
    Path(SOCKET).unlink(missing_ok=True)
    servers: list[socketserver.BaseServer] = [
        socketserver.UDPServer(("0.0.0.0", 53), Names),
        docker(),
        *(Plain(("0.0.0.0", port), Web) for port in (80, 443, 8000, 8080)),
        *(Ports(("0.0.0.0", port), Sink) for port in (25, 1389, 3333, 4444, 5514, 9001)),
    ]
    Path(SOCKET).chmod(0o666)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=mirror.keep_up, daemon=True).start()
    Path("/share/ready").touch()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
