"""A file that lists containers: told by its content, read into one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.inventory import docker, kubernetes, runtime
from rtml.captures.inventory.rows import LISTED, Row, table_of
from rtml.container_ids import merged
from rtml.errors import RtmlError, UsageError
from rtml.reading.json_text import json_of, json_value
from rtml.reading.text import read_text
from rtml.schema import empty

__all__ = ["together", "read_listing"]

_MOST_BYTES = 512_000_000
_WAYS = "`kubectl get pods -A -o json`, `crictl ps -o json` or `docker inspect $(docker ps -q)`"

_KINDS: Mapping[str, Callable[[Any], list[Row] | None]] = {
    "pods of Kubernetes": kubernetes.rows_of,
    "a list of crictl": runtime.rows_of,
    "what docker inspect prints": docker.rows_of,
}
"""Each returns None for what is not of its kind; the first knows most of what containers are for."""


def read_listing(path: Path) -> pl.DataFrame:
    r"""Read a file that lists containers (`LISTED`), one row per container.

    Parameters
    ----------
    path
        What ``kubectl get pods -o json``, ``crictl ps -o json`` or ``docker inspect`` print, packed or not.

    Raises
    ------
    UsageError
        It is no JSON, JSON of another kind, or it lists no container.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "docker.json"
    >>> _ = path.write_text('[{"Id": "0123456789ab", "Name": "/web", "Config": {"Image": "nginx:1"}}]')
    >>> read_listing(path).select("container_id", "container_name", "image").rows()
    [('0123456789ab', 'web', 'nginx:1')]
    >>> _ = path.write_text('{"kind": "ServiceList", "items": []}')
    >>> read_listing(path)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...docker.json: lists no containers: a ServiceList; make one by `kubectl get ...
    """
    value = _value(path)
    for rank, (what, rows_of) in enumerate(_KINDS.items()):
        rows = rows_of(value)
        if rows is None:
            continue
        table = table_of(rows, rank)
        if table.is_empty():
            raise _refused(path, f"{what}, but none with a container that has an id")
        return table
    raise _refused(path, _called(value))


def together(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per container of what several files say; what knows more of a container comes first.

    Examples
    --------
    >>> one = table_of([{"container_id": "0123456789ab", "image": "web:1"}], 2)
    >>> other = table_of([{"container_id": "0123456789abcdef", "pod": "web-0"}], 0)
    >>> together([one, other]).select("container_id", "image", "pod").rows()
    [('0123456789abcdef', 'web:1', 'web-0')]
    """
    rows = pl.concat([empty(LISTED), *tables])
    longer = merged(rows["container_id"]).ids
    return (
        rows.with_columns(pl.col("container_id").replace(longer))
        .sort("rank", maintain_order=True)
        .group_by("container_id", maintain_order=True)
        .agg(pl.exclude("container_id").drop_nulls().first())
    )


def _value(path: Path) -> Any:
    text = read_text(path, _MOST_BYTES)
    if not text.strip():
        raise _refused(path, "an empty file")
    try:
        return json_value(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:  # an object per line, as `docker inspect --format '{{json .}}'` prints
            return [json_of(line) for line in lines] if len(lines) > 1 else json_value(text)
        except ValueError:
            raise _refused(path, f"no JSON ({error})") from error


def _called(value: Any) -> str:
    """Say what JSON this is, as far as that can be told."""
    if isinstance(value, list):
        return "an empty list" if not value else f"a list of {_called(value[0])}"
    if not isinstance(value, dict):
        return f"JSON that is {type(value).__name__}"
    kind = value.get("kind")
    if isinstance(kind, str) and kind:
        return f"a {kind[:60]}"
    return f"JSON with the keys {', '.join(sorted(map(str, value))[:5]) or 'none'}"


def _refused(path: Path, what: str) -> RtmlError:
    return UsageError(f"{path}: lists no containers: {what}; make one by {_WAYS}", argument="containers")
