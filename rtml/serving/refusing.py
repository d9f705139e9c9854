"""Why a request is refused: a status of HTTP and one sentence for whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Refusal", "behind", "shown"]

_SHOWN = 80


class Refusal(Exception):
    """A request that is not taken; nothing of it is kept.

    Parameters
    ----------
    status
        4xx: the client must change something, or wait (429, 503).
    sentence
        What is wrong and the way out; it holds no secret and no stack.
    headers
        More headers of the answer.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, dict(headers or {})


def behind(what: str, seconds: float = 1.0) -> Refusal:
    """Return the refusal of a batch that must be sent again later.

    Examples
    --------
    >>> behind("too much waits", 1.2).headers
    {'Retry-After': '2'}
    """
    wait = max(1, int(-(-seconds // 1)))
    return Refusal(429, f"{what}; send the batch again in {wait} s", {"Retry-After": str(wait)})


def shown(value: str) -> str:
    r"""Return what somebody sent as it may stand in a sentence: quoted, escaped, cut.

    Examples
    --------
    >>> shown("a\x1b[2J"), len(shown("x" * 999))
    ("'a\\x1b[2J'", 83)
    """
    cut = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return ascii(cut) if len(value) <= _SHOWN else ascii(cut[:-1]) + "…"
