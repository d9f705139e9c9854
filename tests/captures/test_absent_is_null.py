"""What is left of a text without its ornaments may be nothing, and nothing is null, never an empty text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.containers import container_id
from rtml.captures.sensors.records.values import named
from rtml.errors import RtmlError
from rtml.findings.formats.contract import alert
from tests.samples import DATA
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


NOTHINGS = [
    "-",
    "?",
    '""',
    "(null)",
    "none",
    "None",
    "NULL",
    "<nil>",
    "<none>",
    "incomplete",
    "N/A",
    "<unknown>",
]


@pytest.mark.parametrize("word", NOTHINGS)
def test_what_stands_where_no_name_is_known_is_no_container(word: str):
    rows = pl.DataFrame({"x": [word, f" {word}", word.upper(), "web", "host", "HOST"]})
    ids, names = rows.select(container_id(pl.col("x"))).to_series(), rows.select(named(pl.col("x")))["x"]
    assert ids.to_list() == [None, None, None, "web", None, None]
    assert names.to_list() == [None, None, None, "web", "host", "HOST"]
    row = alert(
        "r", "2026-01-01T00:00:00Z", "high", container_id=word, container_name=word, pod=word, host="h"
    )
    assert [row[name] for name in ("container_id", "container_name", "pod", "host")] == [
        None,
        None,
        None,
        "h",
    ]


def test_a_container_may_be_called_unknown_but_has_no_such_id():
    rows = pl.DataFrame({"x": ["unknown", "NaN"]})
    assert rows.select(named(pl.col("x")))["x"].to_list() == ["unknown", "NaN"]
    assert rows.select(container_id(pl.col("x"))).to_series().to_list() == [None, None]


USERS = {
    "falco/events.jsonl": r'("user\.uid"\s*:\s*)\d+',
    "tetragon/export.jsonl": r'("uid"\s*:\s*)\d+',
    "tracee/flat.jsonl": r'("userId"\s*:\s*)\d+',
    "auditd/audit.log": r"(\be?uid=)\d+",
    "inspektor-gadget/events.jsonl": r'("uid"\s*:\s*)\d+',
    "ocsf/events.jsonl": r'("uid"\s*:\s*")\d+(?=")',
}


@pytest.mark.parametrize("sample", USERS)
def test_no_user_is_no_user_in_every_spelling(sample: str, tmp_path: Path):
    name, _, file = sample.partition("/")
    text = (DATA / sample).read_text()
    users = {}
    for number in ("-1", "4294967295", "1000.0"):
        (tmp_path / file).write_text(re.sub(USERS[sample], rf"\g<1>{number}", text))
        events = SENSORS[name].read(tmp_path / file).events
        users[number] = set(events["uid"].drop_nulls()) if "uid" in events.columns else set()
    assert users["-1"] == users["4294967295"] and not {-1, 4294967295} & users["-1"]
    assert 1000 in users["1000.0"]
