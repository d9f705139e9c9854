"""Write the labels of a recording: ``labels.parquet`` and, for other tools, ``labels.jsonl``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import open_capture
from rtml.captures.sensors.bpftrace.sitting import read_sitting
from rtml.replays.contract import Attack
from rtml.replays.roots import labels_of

__all__ = ["write_labels"]


def write_labels(out: Path, facts: list[dict[str, Any]], attacks: dict[str, Attack]) -> pl.DataFrame:
    """Label the attacks of a journal in the capture beside it; return the labels."""
    done = [f for f in facts if f["what"] == "attack"]
    offset = read_sitting(out / "sitting.json").offset
    labels, lines = labels_of(open_capture(out / "capture"), done, attacks, offset)
    labels.write_parquet(out / "labels.parquet")
    text = "".join(json.dumps(line, default=str) + "\n" for line in lines)
    (out / "labels.jsonl").write_text(text, "utf-8")
    return labels
