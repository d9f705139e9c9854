"""A capture of a test's rows, written to disk: for tests through the real command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rtml.captures.write import write_capture
from rtml.schema import REJECTS, empty
from tests.rules.conftest import capture_of


def written(folder: Path, rows: list[dict[str, Any]], blind: tuple[str, ...] = ()) -> Path:
    """Write the rows as a capture into ``folder/capture``."""
    capture = capture_of(rows, blind)
    write_capture(
        folder / "capture",
        capture.manifest,
        capture.events().collect(),
        capture.processes().collect(),
        empty(REJECTS),
    )
    return folder / "capture"
