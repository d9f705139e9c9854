"""What was told: a finding once when it is known, and once more when it is complete and has grown since.

A finding that grows is told under its id again, as sinks have it (`rtml.findings.sinks.delivering`): of two
with one id the later is meant. In between it is told again only when it has become graver. One that does not
stand any more, once replicas have shown the same, is told again as withdrawn: of severity 0 and no events.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import polars as pl
import pydantic

from rtml.findings.jsonl import from_jsonl, jsonl
from rtml.schema import FINDINGS

__all__ = ["Ledger", "Told"]


class Told(pydantic.BaseModel):
    """A finding that was told and may change: its line, how grave it was, until when it lasted.

    ``gone``: it was told to be withdrawn, as things stood; it comes again only if it stands in the end.
    """

    line: str
    severity: float | None
    last: dt.datetime | None
    gone: bool = False


@dataclass
class Ledger:
    """Findings that were told and may still change, by id.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> one = conform(pl.DataFrame({"finding_id": ["f"], "count": [1]}), FINDINGS)
    >>> ledger = Ledger()
    >>> ledger.new(one, growing={"f"}).height, ledger.new(one, growing={"f"}).height
    (1, 0)
    >>> more = one.with_columns(count=pl.lit(2, pl.Int64))
    >>> ledger.new(more, growing={"f"}).height, ledger.new(more, growing=()).height, ledger.told
    (0, 1, {})
    """

    told: dict[str, Told] = field(default_factory=dict)

    def new(self, findings: pl.DataFrame, growing: Collection[str], now: bool = False) -> pl.DataFrame:
        """Return those of the findings that are to be told now, and note them.

        Parameters
        ----------
        findings
            As they stand.
        growing
            Ids of those that may still change; the others are complete.
        now
            Tell also what has grown and may grow on.
        """
        due = []
        facts = findings.select("finding_id", "severity", "last_seen").iter_rows()
        for (name, severity, last), line in zip(facts, jsonl(findings).split("\n")[:-1], strict=True):
            before = self.told.get(name)
            graver = before is not None and (severity or 0) > (before.severity or 0)
            done = name not in growing
            differs = before is not None and (before.gone or before.line != line)
            due.append(before is None or (differs and (done or graver or now)))
            if done:
                self.told.pop(name, None)
            elif due[-1]:
                self.told[name] = Told(line=line, severity=severity, last=last)
        return findings.filter(pl.Series(due, dtype=pl.Boolean))

    def gone(self, standing: Iterable[str], until: dt.datetime, final: bool) -> pl.DataFrame:
        """Return what was told of time before ``until`` and does not stand any more.

        It is forgotten where that is ``final``; else it may stand in the end.

        Returns
        -------
        Those findings as they are told once more: of no severity and no events, withdrawn by their title.
        """
        there, lines = set(standing), []
        for name, one in list(self.told.items()):
            if name in there or one.last is None or one.last >= until:
                continue
            if not one.gone:
                lines.append(one.line)
            if final:
                del self.told[name]
            else:
                self.told[name] = one.model_copy(update={"gone": True})
        rows = from_jsonl("\n".join(lines))
        return rows.with_columns(
            title=pl.format("withdrawn: {}", pl.col("title").fill_null("")),
            severity=pl.lit(0.0),
            count=pl.lit(0, pl.Int64),
        ).select(FINDINGS.names())
