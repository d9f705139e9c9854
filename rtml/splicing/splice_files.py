"""Write spliced trials: a capture and its labels in one folder, both or nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.write import write_capture
from rtml.reading.whole import whole_folder
from rtml.splicing.splice import Spliced

__all__ = ["splice_to"]


def splice_to(out: Path, spliced: Spliced, rejects: pl.DataFrame) -> None:
    """Write ``out/capture`` and ``out/labels.parquet``, both or nothing.

    Raises
    ------
    RtmlError
        ``out`` exists already, or cannot be written.
    """
    with whole_folder(out) as half:
        write_capture(half / "capture", spliced.manifest, spliced.events, spliced.processes, rejects)
        spliced.labels.write_parquet(half / "labels.parquet")
