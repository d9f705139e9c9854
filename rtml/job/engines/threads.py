"""Workers have one thread of Polars each: with many shards at a time, more would wait for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ONE_THREAD", "one_thread_each"]

ONE_THREAD = {"POLARS_MAX_THREADS": "1"}
"""What Polars reads when it is imported."""


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that are started in the block have one thread of Polars each.

    Examples
    --------
    >>> with one_thread_each():
    ...     os.environ["POLARS_MAX_THREADS"]
    '1'
    """
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
