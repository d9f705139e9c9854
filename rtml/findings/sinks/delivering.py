"""Deliver findings in batches: what arrived is never sent again, what did not is kept and sent later.

A spool is a folder. Of each target it holds ``NAME-….delivered.jsonl``, a digest of each finding that
arrived, and ``NAME-….parquet``, those that did not, with the reason. A finding that changed since (a later
end, a higher count) is sent again under its id: that is an update.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError
from rtml.findings.exports import Origin, rows_of
from rtml.findings.exports.contract import compact
from rtml.findings.jsonl import jsonl
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered
from rtml.findings.unit import stable_id
from rtml.reading.json_text import json_of
from rtml.reading.parquet import read_parquet
from rtml.reading.whole import write_parquet
from rtml.schema import FINDINGS, conform

__all__ = ["Sent", "send"]

_GIVE_UP = 3


@dataclass(frozen=True)
class Sent:
    """What became of findings: ``delivered``, ``known`` from before, ``kept`` for ``reasons``."""

    delivered: int
    known: int
    kept: int
    reasons: dict[str, int]


def send(findings: pl.DataFrame, sink: Sink, target: str, spool: Path, origin: Origin) -> Sent:
    """Send findings, and before them what the spool keeps for this target.

    Parameters
    ----------
    findings
        `FINDINGS`; of two with one id the later is meant.
    sink, target, origin
        Where to.
    spool
        Folder of what arrived and what did not; made where it is not there.

    Notes
    -----
    After three batches in a row of which nothing arrived the rest is kept untried. A process that is killed
    between delivery and its line sends that one batch again: its ids come twice, with the same content.

    Raises
    ------
    RtmlError
        Another process sends to this target out of this spool.
    """
    deliver = sink.connect(target, origin)
    name = f"{sink.name}-{hashlib.sha256(target.encode()).hexdigest()[:12]}"
    with _alone(spool, name):
        ledger, kept = spool / f"{name}.delivered.jsonl", spool / f"{name}.parquet"
        rows = _newest(pl.concat([*_kept(kept), conform(findings, FINDINGS)]), sink, origin)
        known = _known(ledger)
        new = rows.filter(~pl.col("_digest").is_in(list(known)))
        failed = _sent(new, sink, deliver, ledger, origin)
        _keep(kept, new, failed)
    reasons: dict[str, int] = {}
    for reason in failed.values():
        reasons[reason] = reasons.get(reason, 0) + 1
    return Sent(new.height - len(failed), rows.height - new.height, len(failed), reasons)


@contextmanager
def _alone(spool: Path, name: str) -> Iterator[None]:
    spool.mkdir(parents=True, exist_ok=True)
    with (spool / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RtmlError(
                f"{spool}: another process sends to {name.partition('-')[0]} out of it"
            ) from error
        yield


def _kept(file: Path) -> list[pl.DataFrame]:
    if not file.is_file():
        return []
    try:
        return [conform(read_parquet(file).drop("reason"), FINDINGS)]
    except (OSError, pl.exceptions.PolarsError) as error:
        hint = "move it away to go on without what did not arrive"
        raise RtmlError(f"{file}: cannot be read ({str(error).partition(chr(10))[0]}); {hint}") from error


def _newest(rows: pl.DataFrame, sink: Sink, origin: Origin) -> pl.DataFrame:
    """Return each id once, as it came last, with a digest of what the sink says of it."""
    if sink.says is None:
        told = jsonl(rows).split("\n")[:-1]
    else:
        told = [compact(sink.says(row, origin)) for row in rows_of(rows)]
    digests = [stable_id(text) for text in told]
    marked = rows.with_columns(_digest=pl.Series(digests, dtype=pl.String))
    named = pl.coalesce("finding_id", "_digest")
    return marked.unique(named, keep="last", maintain_order=True)


def _known(ledger: Path) -> set[str]:
    """Read what arrived; a line that a killed process left half is none."""
    if not ledger.is_file():
        return set()
    found = set()
    for line in ledger.read_text("utf-8", "replace").splitlines():
        try:
            found.add(str(json_of(line)["digest"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _sent(new: pl.DataFrame, sink: Sink, deliver: Deliver, ledger: Path, origin: Origin) -> dict[int, str]:
    """Deliver in batches; return which rows did not arrive, and why."""
    rows, digests = list(rows_of(new.drop("_digest"))), new["_digest"].to_list()
    failed: dict[int, str] = {}
    in_a_row, reason = 0, ""
    for start in range(0, len(rows), sink.most):
        batch = range(start, min(start + sink.most, len(rows)))
        if in_a_row >= _GIVE_UP:
            failed.update(dict.fromkeys(batch, reason))
            continue
        try:
            refused = {start + place: why for place, why in deliver(rows[start : batch.stop]).items()}
            in_a_row = 0
        except Undelivered as error:
            reason = str(error)
            refused, in_a_row = dict.fromkeys(batch, reason), in_a_row + 1
        failed.update(refused)
        _note(ledger, [digests[row] for row in batch if row not in refused])
    return failed


def _note(ledger: Path, digests: Sequence[str]) -> None:
    with ledger.open("a", encoding="utf-8") as file:
        # A line end first: what a killed process left half must not swallow the next line.
        file.write("".join(f"\n{json.dumps({'digest': digest})}" for digest in digests))


def _keep(file: Path, new: pl.DataFrame, failed: dict[int, str]) -> None:
    if not failed:
        file.unlink(missing_ok=True)
        return
    rows = sorted(failed)
    reasons = pl.Series("reason", [failed[row] for row in rows], dtype=pl.String)
    write_parquet(file, new.drop("_digest")[rows].with_columns(reasons))
