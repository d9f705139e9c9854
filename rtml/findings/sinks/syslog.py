"""Syslog (RFC 5424) with CEF in it, over TCP (octet counting, RFC 6587) or UDP.

UDP has no answer: what was lost there counts as delivered. Take TCP where it matters.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from rtml.errors import UsageError
from rtml.findings.exports import Origin, Row
from rtml.findings.exports.cef import line
from rtml.findings.exports.rows import zulu
from rtml.findings.levels import level_name
from rtml.findings.sinks.attempts import attempts
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered

__all__ = ["SYSLOG", "message"]

_LOCAL0 = 16
_SEVERITIES = {"informational": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
_LONGEST_DATAGRAM = 8192


def message(row: Row, origin: Origin) -> bytes:
    """Return one finding as a message: priority, time, host, then CEF."""
    priority = _LOCAL0 * 8 + _SEVERITIES[level_name(row["severity"])]
    host, name = _word(row["host"], 255), _word(row["finding_id"], 32)
    head = f"<{priority}>1 {zulu(row['last_seen'])} {host} rtml - {name} -"
    return f"{head} {line(row, origin)}".encode()


def _word(text: str | None, most: int) -> str:
    """Return what the head of a message may hold: printable ASCII without blanks."""
    return re.sub(r"[^!-~]", "", text or "")[:most] or "-"


def _connect(target: str, origin: Origin) -> Deliver:
    try:
        parts = urlsplit(target)
        host, port = parts.hostname, parts.port or 514
    except ValueError:
        host, port = None, 0
    if parts.scheme not in ("tcp", "udp") or not host:
        raise UsageError(f"{target!r}: must be like tcp://host:601 or udp://host:514", argument="to")
    send = _stream if parts.scheme == "tcp" else _datagrams

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        messages = [message(row, origin) for row in rows]
        try:
            for attempt in attempts(OSError):
                with attempt:
                    send(host, port, messages)
        except OSError as error:
            raise Undelivered(f"{host}:{port}: {error.strerror or error}") from error
        return {}

    return deliver


def _stream(host: str, port: int, messages: Sequence[bytes]) -> None:
    with socket.create_connection((host, port), timeout=10) as connection:
        for text in messages:
            connection.sendall(b"%d %s" % (len(text), text))


def _datagrams(host: str, port: int, messages: Sequence[bytes]) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as connection:
        for text in messages:
            connection.sendto(text[:_LONGEST_DATAGRAM], address)


SYSLOG = Sink("syslog", "like tcp://host:601 or udp://host:514", 50, _connect, says=line)
