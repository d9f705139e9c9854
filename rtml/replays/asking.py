"""Ask a workload's own service for something: by HTTP, redis, SQL, a message, or a job in its queue.

The requests come from the gateway, as those of health checks and visitors of the web do, so that the
address tells nothing. What an attack asks for is honoured by the service as any other request is.
"""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Callable, Mapping

from rtml.replays.contract import Workload
from rtml.replays.services.mqtt import spoken

__all__ = ["PROTOCOLS", "ask", "protocol_of"]

_MOST = 65536


def protocol_of(workload: Workload) -> tuple[str, int]:
    """Return how a workload is spoken to, and at which port: as its visitors do; else by its queue.

    Examples
    --------
    >>> from rtml.replays.reading import load_workloads
    >>> known = load_workloads()
    >>> protocol_of(known["db"]), protocol_of(known["worker"])
    (('postgres', 5432), ('queue', 6379))
    """
    return next(((load.kind, load.port) for load in workload.load), ("queue", 6379))


def ask(protocol: str, ip: str, port: int, text: str, patience: float) -> str:
    """Send one request and return what came back, shortened.

    Raises
    ------
    OSError, http.client.HTTPException
        Nobody answers within ``patience`` seconds.
    """
    return PROTOCOLS[protocol](ip, port, text, max(patience, 0.1))


def _http(ip: str, port: int, text: str, patience: float) -> str:
    line = http.client.HTTPConnection(ip, port, timeout=patience)
    try:
        line.request("GET", text)
        return line.getresponse().read(_MOST).decode("utf-8", "replace")
    finally:
        line.close()


def _redis(ip: str, port: int, text: str, patience: float) -> str:
    """Words are parted at spaces; a word that holds some is written ``%20``."""
    words = [word.replace("%20", " ").encode() for word in text.split()]
    return _say(ip, port, _command(words), patience)


def _queue(ip: str, port: int, text: str, patience: float) -> str:
    """Put a job at the head of a queue: name of the list, then the job."""
    name, _, job = text.partition(" ")
    heard = _say(ip, port, _command([b"RPUSH", name.encode(), job.encode()]), patience)
    if heard.startswith("-"):  # a cache that takes nothing now: the job is lost, and so is the step
        raise ConnectionRefusedError(heard.strip())
    return heard


def _mqtt(ip: str, port: int, text: str, patience: float) -> str:
    """Publish a message: topic, a space, the message; what comes back is the broker's greeting."""
    topic, _, message = text.partition(" ")
    with socket.create_connection((ip, port), timeout=patience) as line:
        line.sendall(spoken(topic, message))
        return line.recv(_MOST).hex()


def _command(words: list[bytes]) -> bytes:
    parts = [b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)]
    return b"".join(parts)


def _say(ip: str, port: int, message: bytes, patience: float) -> str:
    with socket.create_connection((ip, port), timeout=patience) as line:
        line.sendall(message)
        return line.recv(_MOST).decode("utf-8", "replace")


def _postgres(ip: str, port: int, text: str, patience: float) -> str:
    """Speak the simple query protocol; the lab's database trusts its network."""
    hello = struct.pack(">I", 196608) + b"user\0postgres\0database\0postgres\0\0"
    query = text.encode() + b"\0"
    with socket.create_connection((ip, port), timeout=patience) as line:
        line.sendall(struct.pack(">I", len(hello) + 4) + hello)
        _until_ready(line)
        line.sendall(b"Q" + struct.pack(">I", len(query) + 4) + query)
        heard = _until_ready(line)
        line.sendall(b"X" + struct.pack(">I", 4))
    return heard.decode("utf-8", "replace")


def _until_ready(line: socket.socket) -> bytes:
    """Read whole messages until the server says that it is ready for a query."""
    heard = b""
    while True:
        head = _exactly(line, 5)
        body = _exactly(line, struct.unpack(">I", head[1:])[0] - 4)
        heard = (heard + body)[:_MOST]
        if head[:1] == b"Z":
            return heard


def _exactly(line: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size:
        if not (piece := line.recv(size - len(heard))):
            raise ConnectionResetError("the server hung up")
        heard += piece
    return heard


PROTOCOLS: Mapping[str, Callable[[str, int, str, float], str]] = {
    "http": _http,
    "redis": _redis,
    "postgres": _postgres,
    "queue": _queue,
    "mqtt": _mqtt,
}
"""How each kind of load (`rtml.replays.contract.Load`) is spoken."""
