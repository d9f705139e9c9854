"""Write spliced trials: a capture and its labels in one folder, both or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import polars as pl

from rtml.captures.write import write_capture
from rtml.errors import RtmlError
from rtml.replays.splice import Spliced

__all__ = ["splice_to"]


def splice_to(out: Path, spliced: Spliced, rejects: pl.DataFrame) -> None:
    """Write ``out/capture`` and ``out/labels.parquet``, both or nothing.

    Raises
    ------
    RtmlError
        ``out`` exists already, or cannot be written.
    """
    if out.exists():
        raise RtmlError(f"{out}: exists already; remove it or choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{out.name[:60]}.partial-", dir=out.parent))
    except OSError as error:
        raise RtmlError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        write_capture(
            half / "capture", spliced.manifest, spliced.events, spliced.processes, rejects
        )
        spliced.labels.write_parquet(half / "labels.parquet")
        half.chmod(0o755)
        os.replace(half, out)
    except OSError as error:
        raise RtmlError(f"{out}: writing failed ({error.strerror}); nothing was kept") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
