"""Hosts that there are, whether or not anybody watches them: a table of the user's."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from rtml.errors import UsageError, did_you_mean
from rtml.reading.text import read_text

__all__ = ["INVENTORY", "UNKNOWN", "read_inventory"]

UNKNOWN = "unknown"
"""An account or a cluster that nobody named."""

INVENTORY = pl.Schema(
    {"host": pl.String(), "account": pl.String(), "cluster": pl.String(), "vcpus": pl.Float64()}
)
"""Only ``host`` is required."""

_MOST = 50_000_000


def read_inventory(path: Path) -> pl.DataFrame:
    r"""Read a CSV file of hosts (`INVENTORY`).

    Raises
    ------
    UsageError
        There is no column ``host``, a column is unknown, a host is there twice, or ``vcpus`` is no number.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "hosts.csv"
    >>> _ = path.write_text("host,vcpus\nnode-a,8\nnode-b,\n")
    >>> read_inventory(path).rows()
    [('node-a', 'unknown', 'unknown', 8.0), ('node-b', 'unknown', 'unknown', None)]
    """
    reader = csv.DictReader(io.StringIO(read_text(path, _MOST)))
    try:
        return _table(path, reader)
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: not CSV ({error})") from error


def _table(path: Path, reader: csv.DictReader[str]) -> pl.DataFrame:
    names = [name.strip() for name in reader.fieldnames or []]
    for name in names:
        if name not in INVENTORY:
            raise UsageError(f"{path}: unknown column {name!r}; {did_you_mean(name, INVENTORY)}")
    if "host" not in names:
        raise UsageError(f"{path}: a table of hosts has a column host, and may have {', '.join(INVENTORY)}")
    reader.fieldnames = names
    rows = [_row(path, reader.line_num, row) for row in reader]
    table = pl.DataFrame(rows, INVENTORY, orient="row")
    twice = table.filter(pl.struct("host", "account", "cluster").is_duplicated())
    if twice.height:
        raise UsageError(f"{path}: the host {twice['host'][0]!r} is listed twice")
    return table


def _row(path: Path, line: int, row: dict[str, str | None]) -> tuple[str, str, str, float | None]:
    cells = {name: (row.get(name) or "").strip() for name in INVENTORY}
    if not cells["host"]:
        raise UsageError(f"{path}:{line}: a host without a name")
    try:
        vcpus = float(cells["vcpus"]) if cells["vcpus"] else None
    except ValueError:
        vcpus = -1.0
    if vcpus is not None and not 0 < vcpus < 1e6:
        raise UsageError(f"{path}:{line}: vcpus {cells['vcpus']!r} is no number of processors")
    return cells["host"], cells["account"] or UNKNOWN, cells["cluster"] or UNKNOWN, vcpus
