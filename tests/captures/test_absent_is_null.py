"""What is left of a text without its ornaments may be nothing, and nothing is null, never an empty text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from tests.soak.sensors import is_object, records_of

ODD = (".", "/", " ", "//", "-", ":", "@", "sha256:", "docker://", "@sha256:")
OBJECTS = [
    name for name in SENSORS.own if (of := records_of(name)) is not None and any(map(is_object, of.good))
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from [(*path, key)] if isinstance(one, str) else places(one, (*path, key))


def put(text: bytes, path: tuple[Any, ...], odd: str) -> str:
    record = place = json.loads(text)
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return json.dumps(record)


@pytest.mark.parametrize("sensor", OBJECTS)
def test_a_text_of_ornaments_alone_is_absent(sensor: str, tmp_path: Path):
    records = records_of(sensor)
    assert records is not None
    good = [record for record in records.good if is_object(record)]
    lines = [put(record, path, odd) for record in good for path in places(json.loads(record)) for odd in ODD]
    (tmp_path / "log").write_text("\n".join([*(record.decode() for record in good), *lines]))
    try:
        events = SENSORS[sensor].read(tmp_path / "log").events
    except RtmlError as error:
        pytest.fail(f"one odd text stops everything: {error}")
    texts = events.select(pl.col(pl.String, pl.Categorical).cast(pl.String))
    assert [column.name for column in texts if (column == "").any()] == []
