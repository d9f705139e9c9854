"""A toy sensor: JSON lines as ``{"at": "2026-01-01T00:00:00Z", "in": "web-1", "did": "exec", ...}``.

``by`` is the process that started it; without it, the container's main process is meant.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.sensors import Reading, Sensor, Written
from rtml.errors import RtmlError
from rtml.reading.documents import documents
from rtml.schema import KINDS, POLARS, REJECTS

__all__ = ["SENSOR", "read"]

_SEEN = ("exec", "open", "exit")
_COLUMNS = ("time", "kind", "host", "container_id", "workload", "pid", "ppid", "exe", "path")


def read(path: Path) -> Reading:
    r"""Read one log; every line is an event or a reject with its reason.

    Examples
    --------
    >>> import tempfile
    >>> log = Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> line = '{"at": "2026-01-01T00:00:00Z", "in": "web-1", "did": "exec", "pid": 7, "what": "/bin/ls"}'
    >>> _ = log.write_text(line + "\n{}\n")
    >>> reading = read(log)
    >>> reading.events["exe"].to_list(), reading.rejects["reason"].to_list()
    (['/bin/ls'], ['no time'])
    """
    rows, rejects = [], []
    for line, value, problem, raw in documents(path):
        try:
            rows.append(_row(value, problem))
        except ValueError as error:
            rejects.append((path.name, line, str(error), raw[:200].decode("utf-8", "replace")))
    if not rows:
        raise RtmlError(f"{path}: no line is an event of the example sensor")
    schema = {name: POLARS[name] for name in _COLUMNS}
    return Reading(
        events=pl.DataFrame(rows, schema=schema, orient="row"),
        rejects=pl.DataFrame(rejects, schema=REJECTS, orient="row"),
        records=len(rows) + len(rejects),
    )


def _row(value: Any, problem: str | None) -> tuple[Any, ...]:
    """Return one event, or say in a `ValueError` why it is none."""
    if problem is not None or not isinstance(value, dict):
        raise ValueError(problem or "not a JSON object")
    container, did, pid = value.get("in"), value.get("did"), value.get("pid")
    time = _time(value.get("at"))
    if did not in _SEEN:
        raise ValueError(f"unknown act {json.dumps(did)[:40]}")
    if not isinstance(container, str) or not container or type(pid) is not int or not 0 <= pid < 2**31:
        raise ValueError("no container, or no process")
    what = value.get("what") if isinstance(value.get("what"), str) and value["what"] else None
    exe, opened = (what, None) if did == "exec" else (None, what)
    parent = value["by"] if type(value.get("by")) is int and 0 <= value["by"] < 2**31 else 1
    workload = container.rpartition("-")[0] or container
    return time, did, "example", container, workload, pid, parent, exe, opened


def _time(value: Any) -> dt.datetime:
    try:
        time = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("no time") from None
    return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=dt.UTC)


SENSOR = Sensor(
    name="example",
    read=read,
    blind=frozenset(KINDS) - set(_SEEN) - {"fork"},
    signature=lambda head: head.lstrip().startswith(b'{"at"') and b'"did"' in head,
    written=Written(nothing=("",)),
)
"""Toy logs of programs started, files opened and ends of processes."""
