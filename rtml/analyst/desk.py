"""What a hunt has to go on: the capture, all findings, what the model said, and what people said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rtml.captures import Capture
from rtml.findings.verdicts import read_verdicts
from rtml.models import Scored
from rtml.schema import FINDINGS
from rtml.text import visible
from rtml.times import instant

__all__ = ["Desk", "around"]


@dataclass(frozen=True, repr=False)
class Desk:
    """A capture with its findings joined into incidents.

    ``findings`` are all findings, with their context; ``table`` is `rtml.findings.incidents.INCIDENTS`;
    ``scored`` what the model said, None where none took part; ``verdicts`` the file that verdicts go to;
    ``aside`` findings of the noisiest rules, which are in no incident; ``untuned`` says why rules
    that were to be tuned ran as they come, and nothing where they did not.
    """

    capture: Capture
    findings: pl.DataFrame
    table: pl.DataFrame
    scored: Scored | None
    verdicts: Path
    aside: pl.DataFrame = field(default_factory=FINDINGS.to_frame)
    untuned: str = ""

    @property
    def elsewhere(self) -> str:
        """The sentence for findings of which this capture holds nothing."""
        where = visible(self.capture.path)
        return f"{where} holds no event of these findings: hunt in the capture that they were made from."

    def said(self) -> dict[str, str]:
        """Return what was said last of each finding, by ``finding_id``; empty where there is no file."""
        if not self.verdicts.is_file():
            return {}
        said = read_verdicts(self.verdicts)
        return {about.finding_id: verdict.verdict for verdict in said for about in verdict.findings}


def around(begin: dt.datetime, end: dt.datetime) -> pl.Expr:
    """Say whether an event lies in a time; a second on either side, as findings tell it in microseconds."""
    slack = pl.duration(seconds=1)
    return pl.col("time").is_between(instant(begin) - slack, instant(end) + slack)
