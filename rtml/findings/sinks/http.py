"""One request, tried again with back-off where that can help."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from rtml.errors import UsageError
from rtml.findings.sinks.attempts import attempts
from rtml.findings.sinks.contract import Undelivered
from rtml.version import VERSION

__all__ = ["Post", "client"]

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_TIMEOUT = 10.0
_LONGEST_WAIT = 60.0


class Post:
    """Posts to one address; 408, 425, 429, 5xx and broken connections are tried again, for 45 seconds.

    Redirects are not followed: a finding goes where it was sent. Errors name the host and never a header.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = _checked(url)
        self._headers = {"User-Agent": f"rtml/{VERSION}", **(headers or {})}

    def __call__(self, body: bytes, headers: Mapping[str, str], path: str = "") -> Any:
        """Send a body and return the answer's JSON, None where it is none.

        Raises
        ------
        Undelivered
            It was refused, or nobody took it.
        """
        url = f"{self.url.rstrip('/')}{path}" if path else self.url
        host = httpx.URL(url).host
        try:
            answer = self._tried(url, body, {**self._headers, **headers})
        except httpx.HTTPStatusError as error:
            raise Undelivered(f"{host}: answered {error.response.status_code}") from None
        except httpx.HTTPError as error:
            raise Undelivered(f"{host}: {type(error).__name__}") from None
        try:
            return answer.json()
        except ValueError:
            return None

    def _tried(self, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        for attempt in attempts(_wait):
            with attempt, client() as connection:
                answer = connection.post(url, content=body, headers=dict(headers))
                answer.raise_for_status()
        return answer


def client() -> httpx.Client:
    """Return a client that asks no proxy of the environment and follows nothing."""
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)


def _wait(error: Exception) -> bool | float:
    """Say whether to try again, and when, where the answer says so."""
    if isinstance(error, httpx.HTTPStatusError):
        after = error.response.headers.get("Retry-After", "")
        asked = min(float(after), _LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,6}", after) else True
        return asked if error.response.status_code in _AGAIN else False
    return isinstance(error, httpx.TransportError)


def _checked(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url!r}: no address ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise UsageError(f"{url!r}: must be like https://host/path", argument="to")
    if parts.userinfo:
        raise UsageError("an address holds no user and no password: secrets are taken from the environment")
    return url
