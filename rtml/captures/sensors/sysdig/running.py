"""A tool of somebody else, run into a file: never through a shell, and not for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["STALLED", "run"]

STALLED = 120.0
"""Seconds without another byte or an end after which a tool hangs."""


def run(command: Sequence[str], printed: Path) -> str | None:
    r"""Run a tool into a file; return what is wrong with its end, None where nothing is.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> run(["echo", "$HOME; true"], place / "a"), (place / "a").read_text()
    (None, '$HOME; true\n')
    >>> run(["false"], place / "a")
    'false ended with code 1: it says nothing'
    """
    said, tool = printed.with_name(f"{printed.name}.said"), Path(command[0]).name
    with printed.open("wb") as output, said.open("wb") as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
            )
        except OSError as error:
            return f"{tool} cannot be run: {error.strerror or error}"
        try:
            hung = _hangs(process, printed)
        finally:
            with suppress(ProcessLookupError):  # what the tool itself has started ends with it
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
    if hung:
        return f"{tool} was stopped: it printed nothing for {STALLED:,.0f} s"
    words = said.read_bytes()[-2000:].decode("utf-8", "backslashreplace").strip().splitlines()
    return (
        f"{tool} ended with code {code}: {words[-1][:200] if words else 'it says nothing'}" if code else None
    )


def _hangs(process: subprocess.Popen[bytes], printed: Path) -> bool:
    """Wait for a tool's end; tell whether it stands still instead."""
    size, since = -1, time.monotonic()
    while True:
        try:
            process.wait(0.5)
            return False
        except subprocess.TimeoutExpired:
            now = printed.stat().st_size
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > STALLED:
            return True
