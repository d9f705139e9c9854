"""Metrics of a scoring job, written however it ends; nothing heavy is imported where nobody asks for them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rtml.errors import RtmlError

if TYPE_CHECKING:
    from rtml.job.running import Ran

__all__ = ["INCOMPLETE", "metered"]

INCOMPLETE = 3
"""Exit code when something was set aside; 4 (`rtml.job.alone.Busy`): another job is writing there."""


@contextmanager
def metered(path: Path | None) -> Iterator[list[Ran]]:
    """Give a list for what a run did; at the end the file at ``path`` says that, or that it failed."""
    ran: list[Ran] = []
    begun, code = time.monotonic(), 1
    try:
        yield ran
        code = 0 if not ran or ran[0].complete else INCOMPLETE
    except RtmlError as error:
        code = error.exit_code
        raise
    finally:
        if path is not None:
            _write(path, ran, time.monotonic() - begun, code)


def _write(path: Path, ran: list[Ran], seconds: float, code: int) -> None:
    from rtml.job.metrics import values_of, write_metrics

    now = dt.datetime.now(dt.UTC)
    known = values_of(ran[0].result, ran[0].shards, now) | ran[0].gauges() if ran and code != 1 else {}
    ended: dict[str, float | None] = {
        "success": int(code in (0, INCOMPLETE)),
        "exit_code": code,
        "duration_seconds": round(seconds, 3),
        "last_run_timestamp_seconds": now.timestamp(),
    }
    write_metrics(path, {**known, **ended})
