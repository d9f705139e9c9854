"""What keys of processes mean: the table beside a capture that is being followed."""

from __future__ import annotations

import polars as pl

__all__ = ["IDENTITIES"]

IDENTITIES = pl.Schema(
    {"key": pl.Int64(), "process_id": pl.Int64(), "parent_id": pl.Int64(), "begun": pl.Datetime("ns", "UTC")}
)
"""One row per key (`rtml.captures.following.knowing`); a key that is not here is a thread."""
