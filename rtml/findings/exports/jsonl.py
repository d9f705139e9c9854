"""JSON lines: the table of findings as it is, one object per finding. `rtml evaluate` reads it back."""

from __future__ import annotations

import polars as pl

from rtml.findings.exports.contract import Export, Origin
from rtml.findings.jsonl import jsonl

__all__ = ["JSONL"]


def _write(findings: pl.DataFrame, origin: Origin) -> bytes:
    return jsonl(findings).encode()


JSONL = Export("jsonl", ".jsonl", _write)
