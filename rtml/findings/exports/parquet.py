"""Parquet: the table of findings as it is, for analysts. Every command of rtml reads it back."""

from __future__ import annotations

import io

import polars as pl

from rtml.findings.exports.contract import Export, Origin
from rtml.schema import FINDINGS, conform

__all__ = ["PARQUET"]


def _write(findings: pl.DataFrame, origin: Origin) -> bytes:
    file = io.BytesIO()
    conform(findings, FINDINGS).write_parquet(file, compression="zstd")
    return file.getvalue()


PARQUET = Export("parquet", ".parquet", _write)
