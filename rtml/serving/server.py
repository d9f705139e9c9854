"""The server on its socket: loopback unless tokens and TLS are given, patient only so long."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from rtml.errors import RtmlError, UsageError
from rtml.serving.limits import Limits

__all__ = ["Door", "serve"]


@dataclass(frozen=True)
class Door:
    """Where the server listens, and how.

    Raises
    ------
    UsageError
        Half of a pair of certificate and key; or beyond loopback without tokens and TLS, and nobody
        said that this is meant.

    Examples
    --------
    >>> Door("0.0.0.0", 8040)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: 0.0.0.0 can be reached by others: tokens and TLS (certificate and key) are ...
    """

    host: str = "127.0.0.1"
    port: int = 8040
    certificate: Path | None = None
    key: Path | None = None
    tokens: bool = False
    insecure: bool = False

    def __post_init__(self) -> None:
        """Refuse what others could reach unasked."""
        if (self.certificate is None) != (self.key is None):
            raise UsageError("a certificate needs its key, and a key its certificate")
        missing = [
            name
            for name, given in (("tokens", self.tokens), ("TLS (certificate and key)", self.certificate))
            if not given
        ]
        if missing and not _loopback(self.host) and not self.insecure:
            are = "are" if len(missing) > 1 or missing[0] == "tokens" else "is"
            raise UsageError(
                f"{self.host} can be reached by others: {' and '.join(missing)} {are} missing; give them,"
                " listen on 127.0.0.1, or say that it is meant (insecure)"
            )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(app: Starlette, door: Door, limits: Limits, told: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; then batches that came are written, and captures committed.

    Parameters
    ----------
    app
        What answers.
    door
        Where; port 0 is any free one.
    limits
        How many connections, how long a head may take.
    told
        Called with the address once it listens.

    Raises
    ------
    RtmlError
        The address cannot be had, or the certificate cannot be read.
    """
    config = uvicorn.Config(
        app,
        http=_patient(limits.patience / 3),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
        ssl_certfile=door.certificate,
        ssl_keyfile=door.key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise RtmlError(f"{door.certificate}: certificate and key cannot be read ({error})") from error
    listening = _bound(door)
    scheme = "http" if door.certificate is None else "https"
    host = f"[{door.host}]" if ":" in door.host else door.host
    told(f"{scheme}://{host}:{listening.getsockname()[1]}")
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when it is done
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)


def _bound(door: Door) -> socket.socket:
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    try:
        return socket.create_server((door.host, door.port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        raise RtmlError(f"{door.host}:{door.port}: cannot listen there ({error})") from error


def _patient(seconds: float) -> type[H11Protocol]:
    """Return a protocol that closes connections on which no head of a request comes in time."""

    class Patient(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._waited_for = self.cycle
            self._look = self.loop.call_later(seconds, self._look_again)

        def connection_lost(self, exc: Exception | None) -> None:
            self._look.cancel()
            super().connection_lost(exc)

        def _look_again(self) -> None:
            """Close what has begun no request since the last look and has none under way."""
            busy = self.cycle is not None and not self.cycle.response_complete
            if not busy and self.cycle is self._waited_for:
                self.transport.close()
                return
            self._waited_for = self.cycle
            self._look = self.loop.call_later(seconds, self._look_again)

    return Patient
