"""Read and check attack labels: parquet, CSV or JSON lines in, one `LABELS` frame out.

Labels are few and written by people, so every error names the row and the way out.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.errors import MissingError, MissingFileError, RtmlError, did_you_mean
from rtml.evaluation.labels.provenance import UNSAID, stated
from rtml.evaluation.labels.rows import ROWS, read_rows
from rtml.evaluation.labels.times import as_utc
from rtml.findings.verdicts import as_labels, holds_verdicts, read_verdicts
from rtml.reading.parquet import read_parquet
from rtml.schema import LABELS, conform

__all__ = ["read_labels", "validate"]

REQUIRED = ("attack_id", "container_id", "start", "end")


def read_labels(path: Path | str) -> pl.DataFrame:
    r"""Read a label file and return a valid `LABELS` frame, sorted by start and attack.

    Parameters
    ----------
    path
        ``.parquet``, ``.csv``, ``.jsonl`` or ``.ndjson``; verdicts of analysts (`rtml.findings.verdicts`)
        are labels too: what was said to be an attack. Needs ``attack_id``, ``container_id``,
        ``start`` and ``end``; ``technique``, ``name``, ``host``, ``process_id`` and ``provenance``
        may be absent (null), further columns are ignored. Times are ISO-8601 (without an offset:
        UTC) or Unix integers, whose unit (s, ms, us, ns) follows from their magnitude.

    Returns
    -------
    One row per attack; no row when the file holds none (then recall is undefined, not 0).

    Raises
    ------
    RtmlError
        Fails when the file or a required column is missing, a time cannot be read, an attack ends
        before it starts, or an ``attack_id`` occurs twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "labels.csv")
    ...     _ = file.write_text("attack_id,container_id,start,end\na1,c1,1795490205,1795490208\n")
    ...     read_labels(file).select("attack_id", "start").item(0, "start").isoformat()
    '2026-11-24T03:16:45+00:00'
    >>> read_labels("datasets/lab-v1/labels.parquet").select("attack_id", "technique", "name").head(2)
    shape: (2, 3)
    ┌───────────┬───────────┬────────────────────────────────┐
    │ attack_id ┆ technique ┆ name                           │
    │ ---       ┆ ---       ┆ ---                            │
    │ str       ┆ str       ┆ str                            │
    ╞═══════════╪═══════════╪════════════════════════════════╡
    │ a01       ┆ T1059.004 ┆ reverse shell to test listener │
    │ a02       ┆ T1105     ┆ download, chmod +x, execute    │
    └───────────┴───────────┴────────────────────────────────┘
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"labels {path}: no such file")
    if path.suffix not in (".parquet", *ROWS):
        endings = ", ".join((".parquet", *ROWS))
        raise RtmlError(f"labels {path}: unknown ending {path.suffix!r}; known: {endings}")
    if path.suffix == ".jsonl" and holds_verdicts(path):
        return validate(as_labels(read_verdicts(path)), str(path))
    raw = _parquet(path) if path.suffix == ".parquet" else read_rows(path)
    return validate(raw, str(path))


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as fault:
        raise RtmlError(f"labels {path}: cannot be read as Parquet ({fault})") from fault


def validate(raw: pl.DataFrame, where: str = "labels") -> pl.DataFrame:
    """Return ``raw`` as a `LABELS` frame, or raise an `RtmlError` that names row and column.

    Examples
    --------
    >>> validate(pl.DataFrame({"attack": ["a1"], "container_id": ["c"], "start": [1], "end": [2]}))
    Traceback (most recent call last):
    ...
    rtml.errors.MissingError: labels: no column 'attack_id'; did you mean 'attack'?
    """
    for name in REQUIRED:
        if name not in raw.columns:
            raise MissingError(f"{where}: no column {name!r}; {did_you_mean(name, raw.columns)}")
    timed = raw.with_columns(as_utc(raw[name], where) for name in ("start", "end"))
    if "provenance" not in raw.columns:
        timed = timed.with_columns(provenance=pl.lit(UNSAID))
    try:
        labels = conform(timed, LABELS).with_columns(stated())
    except pl.exceptions.PolarsError as fault:
        raise RtmlError(f"{where}: a column has the wrong type ({fault})") from fault
    _refuse_gaps(labels, where)
    _refuse_backwards(labels, where)
    _refuse_duplicates(labels, where)
    return labels.sort("start", "attack_id")


def _refuse_gaps(labels: pl.DataFrame, where: str) -> None:
    for name in REQUIRED:
        gaps = labels[name].is_null().arg_true()
        if len(gaps):
            raise RtmlError(f"{where}: row {gaps[0] + 1} has no {name!r}; every attack needs one")


def _refuse_backwards(labels: pl.DataFrame, where: str) -> None:
    wrong = labels.filter(pl.col("end") < pl.col("start"))
    for attack, start, end in wrong.select("attack_id", "start", "end").head(1).iter_rows():
        raise RtmlError(f"{where}: attack {attack!r} ends ({end}) before it starts ({start})")


def _refuse_duplicates(labels: pl.DataFrame, where: str) -> None:
    duplicates = labels.filter(pl.col("attack_id").is_duplicated())["attack_id"].unique().sort()
    if len(duplicates):
        raise RtmlError(f"{where}: attack_id {duplicates[0]!r} occurs twice; one row per attack")
