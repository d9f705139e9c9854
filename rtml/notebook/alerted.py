"""What a sensor itself raised: alerts in its file, as findings beside those of our rules and models."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.findings.formats import FORMATS
from rtml.findings.importing import read_alerts
from rtml.reading.remote import fetched
from rtml.reading.spooling import spooled

__all__ = ["alerts_of"]


def alerts_of(sensor: str, source: str | Path) -> pl.DataFrame | None:
    """Return the alerts in a sensor's file as findings (`rtml.schema.FINDINGS`); None where it raises none.

    Parameters
    ----------
    sensor
        Who wrote it: ``manifest.sensor``.
    source
        What was imported: a file, a folder, an address.

    Examples
    --------
    >>> alerts_of("falco", "tests/data/falco/alerts.jsonl")["title"].to_list()
    ['Terminal shell in container and 1 more']
    >>> alerts_of("auditd", "tests/data/auditd/audit.log") is None
    True
    """
    if sensor not in FORMATS:
        return None
    with fetched([source]) as here, spooled(here) as files:
        return read_alerts(choose(files, SENSORS[sensor]).files, sensor).findings
