"""Outbound connections over IP: what reverse shells and scans begin with."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.sequence import observed

__all__ = ["PEER", "attempted", "outbound"]

PEER = pl.format("to {}", pl.col("first_peer").fill_null("?"))
"""``entry`` of a correlation that began with a connection."""

_IN_PROGRESS = -115


def attempted(capture: Capture) -> pl.LazyFrame:
    """Every attempt to connect to an address, failed ones too; not to a name server."""
    columns = ["dst_ip", "dst_port", "initiated", "outcome", "program"]
    rows = observed(capture, ["connect"], columns)
    return rows.filter(
        pl.col("dst_ip").is_not_null()
        & pl.col("initiated").fill_null(True)
        & (pl.col("dst_port").fill_null(-1) != 53)
    )


def outbound(capture: Capture) -> pl.LazyFrame:
    """Return connections that were made or are under way, with ``peer`` (address and port)."""
    done = (pl.col("outcome") >= 0) | (pl.col("outcome") == _IN_PROGRESS)
    port = pl.col("dst_port").cast(pl.String).fill_null("?")
    return attempted(capture).filter(done).with_columns(peer=pl.format("{}:{}", "dst_ip", port))
