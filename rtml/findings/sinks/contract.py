"""What a sink is: a name, how many findings it takes at once, and a function that delivers them.

A new sink is one file with one `Sink`, and its line in `rtml.registered.SINKS`. It neither retries for ever
nor remembers: `rtml.findings.sinks.delivering` batches, keeps what was not delivered, never sends twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rtml.errors import RtmlError, UsageError
from rtml.findings.exports import Origin, Row

__all__ = ["Deliver", "Sink", "Undelivered", "secret"]

Deliver: TypeAlias = Callable[[Sequence[Row]], dict[int, str]]
"""From a batch to what was not taken of it: position and reason; `Undelivered` where nothing was."""


class Undelivered(RtmlError):
    """A batch did not arrive; the reason, without any secret."""


@dataclass(frozen=True)
class Sink:
    """Where findings go.

    Parameters
    ----------
    name
        As written on the command line, before the target.
    target
        What the target is, in words.
    most
        Findings of one batch.
    connect
        From a target to a function that delivers batches. A target that is none is a `UsageError`.
    secrets
        Variables of the environment that it reads.
    says
        What it says of a finding, where that is less than all: one that changed in something else is not sent
        again.
    """

    name: str
    target: str
    most: int
    connect: Callable[[str, Origin], Deliver]
    secrets: tuple[str, ...] = ()
    says: Callable[[Row, Origin], object] | None = None


def secret(name: str) -> str:
    """Return a secret of the environment.

    Raises
    ------
    UsageError
        It is not set: secrets are never taken from the command line.

    Examples
    --------
    >>> secret("RTML_NO_SUCH_SECRET")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: set RTML_NO_SUCH_SECRET in the environment; secrets are taken from nowhere else
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(f"set {name} in the environment; secrets are taken from nowhere else")
    return value
