"""A process that serves the network writes a script or program: how a web shell arrives."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.sequence import completed, followed, written
from rtml.rules.correlations.services import SERVING, servers

__all__ = ["SERVICE_WRITES_SCRIPT", "find"]

_CODE = r"(?i)\.(?:php\d?|phtml|jspx?|aspx?|cgi|war|sh|pl|py|rb)$|^/(?:usr/)?(?:local/)?s?bin/"


def find(capture: Capture) -> pl.LazyFrame:
    """Scripts, server pages and programs written by a process that has served the network before.

    Only the serving process itself counts, not what it starts. Fires on services that install their
    own code: deployments over HTTP, notebooks, package mirrors.
    """
    files = written(capture).filter(pl.col("path").str.contains(_CODE))
    scripts = followed(servers(capture), files, ["host", "process_id"], "365d", ["server"], rare="then")
    server = pl.col("first_server").fill_null("?")
    return completed(scripts, pl.format("{} written by {}", "path", server))


SERVICE_WRITES_SCRIPT = correlation(
    "service_writes_script",
    steps=(Step(SERVING), Step(("create", "write", "open", "rename", "link"), ("target",))),
    find=find,
)
