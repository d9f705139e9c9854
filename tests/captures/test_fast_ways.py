"""What is read by a fast way is what the slow one, which it stands for, makes of the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import polars as pl
import pytest

from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.bpftrace import parsing
from rtml.captures.sensors.k8s_audit.gathering import Gathered
from rtml.captures.sensors.records import (
    any_values,
    blocks,
    decoding,
    fields,
    moments,
    narrowing,
    seldom,
    shapes,
    tables,
)
from rtml.captures.sensors.records.moments import since_1970, when
from rtml.errors import RtmlError
from tests.samples import shipped
from tests.soak.mutation import bent
from tests.soak.sensors import sample_files

_SLOW_TIMES = (moments._in_utc, moments._with_fraction, moments._iso)
_TIMES = [
    "2027-01-01T00:00:00Z",
    "2027-12-31T23:59:59.123456789Z",
    "1970-01-01T00:00:00.5Z",
    "2199-12-31T23:59:59.999999999Z",
    "2027-01-01T00:00:00.25+05:30",
    "1798761600",
    "1798761600500000000",
    "99999999999",
    "18446744073",
    "1798761600.25",
    "1798761600.123456789",
    "1798761600.",
    "1+98761600.25",
]


@contextmanager
def _slowly() -> Iterator[None]:
    """Read with every fast way barred."""

    def slow_when(texts: pl.Series) -> pl.Series:
        return moments._in_turn(texts, _SLOW_TIMES)

    def each(text: pl.Expr, work: seldom.Work, kind: pl.DataType | None = None) -> pl.Expr:
        return work(text)

    def as_they_are(texts: pl.Series, names: set[str]) -> tuple[pl.Series, pl.Series]:
        return texts, texts.is_not_null()

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(moments, "_when", slow_when))
        stack.enter_context(mock.patch.object(decoding, "in_place", shapes.shaper))
        stack.enter_context(mock.patch.object(decoding, "as_texts", as_they_are))
        stack.enter_context(mock.patch.object(fields, "narrowed", lambda texts, shape: shape))
        stack.enter_context(mock.patch.object(tables, "_may_be", lambda fields, needs: pl.lit(True)))
        stack.enter_context(mock.patch.object(Gathered, "read", lambda self, lines: None))
        stack.enter_context(mock.patch.object(parsing, "_USUAL", r"^\b$"))
        for module in ("containers", "endpoints", "openings", "pods", "falco.files", "ocsf.places"):
            stack.enter_context(mock.patch(f"rtml.captures.sensors.{module}.by_distinct", each))
        yield


def _inputs(name: str) -> Iterator[bytes]:
    dice = random.Random(name)
    yield from sample_files(name)
    for _ in range(2):
        raw = dice.choice(sample_files(name))
        for _ in range(6):
            raw = bent(raw, dice)
        yield raw


def _read(name: str, path: Path) -> Reading | str:
    try:
        return SENSORS[name].read(path)
    except RtmlError as error:
        return str(error)


@pytest.mark.parametrize("name", sorted({name for name in SENSORS if shipped(name)} - {"beth", "sysflow"}))
def test_a_fast_way_gives_what_the_slow_one_does(name: str, tmp_path: Path):
    path = tmp_path / "log"
    for raw in _inputs(name):
        path.write_bytes(raw)
        fast = _read(name, path)
        with _slowly():
            slow = _read(name, path)
        if isinstance(fast, str) or isinstance(slow, str):
            assert fast == slow
            continue
        assert fast.events.equals(slow.events.select(fast.events.columns), null_equal=True)
        assert fast.rejects.equals(slow.rejects)
        assert fast.audit is None or (slow.audit is not None and fast.audit.equals(slow.audit))
        assert dict(fast.beside) == dict(slow.beside)


def _odd_times() -> list[str]:
    dice, found = random.Random(3), list(_TIMES)
    for _ in range(600):
        text = list(dice.choice(_TIMES))
        for _ in range(dice.choice((1, 1, 2))):
            at = dice.randrange(len(text))
            text[at : at + dice.randrange(2)] = dice.choice([*"0123456789-+:.TZ tzé", ""])
        found.append("".join(text))
    return found


@pytest.mark.parametrize("reading", [when, since_1970])
def test_times_are_the_same_alone_and_among_others(reading):
    texts = _odd_times()
    together = pl.DataFrame({"x": texts}).select(reading(pl.col("x")))["x"]
    # In small groups of one length nearly all take the fast way, in the whole column none does.
    groups = pl.DataFrame({"x": texts}).with_row_index("at").with_columns(n=pl.int_range(pl.len()) // 5)
    apart = pl.concat(part.select("at", reading(pl.col("x"))) for part in groups.partition_by("n"))
    assert together.equals(apart.sort("at")["x"], null_equal=True)


def test_rows_with_any_values_are_read_as_without():
    shape = pl.Struct({"n": pl.String, "any": shapes.JSON, "in": pl.List(pl.Struct({"v": shapes.JSON}))})
    plain = [
        '{"n": 7, "any": "x"}',
        '{"n": true}',
        '{"n": "1.0"}',
        '{"n": null, "in": [{"v": 5}]}',
        '{"n": "ü"}',
    ]
    rows = [text[:-1] + ', "in": [{"v": {"a": [1]}}, {"v": "t"}]}' for text in plain if '"in"' not in text]
    values, problems = decoding.decode(pl.Series(rows), shape)
    alone, _ = decoding.decode(pl.Series([t for t in plain if '"in"' not in t]), shape)
    assert values.struct.field("n").equals(alone.struct.field("n"), null_equal=True) and not problems
    assert values.struct.field("in").to_list() == [[{"v": '{"a":[1]}'}, {"v": "t"}]] * len(rows)


_VALUES = [
    "[]",
    "{}",
    '[1, 2.50, "a]", "\\"}", null]',
    '{"v": {"v": [1]}, "w": "[{"}',
    '[[[[[["deep"]]]]]]',
    '{"\\u0076": [1e3, 10000000000000000000000]}',
    '["\\\\"]',
    '"[1]"',
    "7",
    "[1}",
    "[1, ]",
    '["a" "b"]',
]
"""What may stand under a name, sound or not: brackets in texts, escapes, numbers of any form, levels."""


def test_any_values_are_written_in_place_as_one_by_one():
    texts = [f'{{"a": {one}, "v": {two} , "w": "x"}}' for one in _VALUES for two in _VALUES]
    texts += [f'{{"l": [{{"v": {one}}}, {{"v":{two}}}]}}' for one in _VALUES for two in _VALUES]
    shape = pl.Struct({"v": shapes.JSON, "w": pl.String, "l": pl.List(pl.Struct({"v": shapes.JSON}))})
    fast, problems = decoding.decode(pl.Series(texts), shape)
    with _slowly():
        slow, told = decoding.decode(pl.Series(texts), shape)
    assert fast.to_list() == slow.to_list() and problems == told
    _, left = any_values.as_texts(pl.Series(texts), ["v"])
    assert 0 < left.sum() < len(texts) // 2  # nearly all that is sound takes the fast way


@pytest.mark.parametrize(
    "odd",
    [
        '{"a": 1}',
        '{"\\u0062": {"c": 1}}',
        '{"\\u0064": 1}',
        '{"x": {"b": 1}}',
        '{"b": ',
        '{"x": "\\"b\\": 1"}',
        "[]",
    ],
)
def test_a_field_that_few_records_have_is_read(odd: str):
    wanted = {"a": "a", "c": "b/c", "d": "d"}
    texts = pl.Series([*['{"a": 1, "e": "b"}'] * 1501, odd, *['{"a": 2}'] * 1500])
    fast, problems = fields.table_of(texts, wanted)
    with _slowly():
        slow, told = fields.table_of(texts, wanted)
    assert fast.equals(slow, null_equal=True) and problems == told
    less = narrowing.narrowed(texts, fields.shape_of(wanted))
    assert ("d" in {field.name for field in less.fields}) == (odd == '{"b": ' or "0064" in odd)


@pytest.mark.parametrize("seed", range(30))
def test_no_field_that_any_record_has_is_left_out(seed: int):
    """Names are sought by their ends, some records at a time: those that end alike, rare and frequent."""
    dice = random.Random(seed)
    names = [
        "id",
        "container.id",
        "container_id",
        "image",
        "container.image",
        "e",
        "x.image.id",
        "time",
        "iso.time",
    ]
    rows = ['{"id": "image\\"e"}'] * 1200
    there = dice.sample(names[1:], 4)
    for name in there:
        spelled = name if dice.random() < 0.8 else f"\\u00{ord(name[0]):02x}{name[1:]}"
        rows += [f'{{"{spelled}": 1}}'] * dice.choice([1, 3, 150, 400])
    dice.shuffle(rows)
    less = narrowing.narrowed(pl.Series(rows), pl.Struct(dict.fromkeys(names, pl.String())))
    assert {field.name for field in less.fields} >= {"id", *there}


_SHAPE = pl.Struct({"a": pl.List(pl.Struct({"b": pl.String()})), "c": pl.String()})
_JOINED = [
    ['{"z":[{}', "{}]}", '{"c":"x"},{"c":"y"}'],
    ['{"z":[{}', "{}]}", '{"c":"x"} , \t{"c":"y"}'],
    ['{"c":"}', '{","c":"y"}', '{"c":"x"},{"c":"y"}'],
    ['{"z":[[{}', "{}]]}", '{"c":"x"}],[{"c":"y"}'],
    ['{"z":[[{}', "{}]]}", '{"c":"x"} ] , [ {"c":"y"}'],
    ['{"z":[{}', None, "{}]}", '{"c":"x"},null,{"c":"y"}'],
    ['{"c":"x"},{"c":"y"}', '{"z":[{}', "{}]}"],
]
"""Rows that are no objects: in a list one would be a part of the one before, and another two of them."""
_SOUND = ['{"c": "x"}', '{"a": [{"b": 1}, {"b": 2}], "c": "[{"}', '{"a":[{"b":"]"},{}]}', "{}"]


@pytest.mark.parametrize("joined", _JOINED)
@pytest.mark.parametrize("beside", [_SOUND[:1], _SOUND])
def test_no_row_runs_into_the_next(joined: list[str | None], beside: list[str]):
    rows = pl.Series([*beside, *joined, *beside], dtype=pl.String)
    values, problems = decoding.decode(rows, _SHAPE)
    alone = [decoding.decode(rows.slice(place, 1), _SHAPE) for place in range(rows.len())]
    assert values.to_list() == [one.item() for one, _ in alone]
    assert problems == [(place, why) for place, (_, found) in enumerate(alone) for _, why in found]


@pytest.mark.parametrize("seed", range(40))
def test_lines_are_those_of_a_split(seed: int):
    dice = random.Random(seed)
    parts = [
        b"{",
        b"}",
        b" ",
        b"\n",
        b"\r\n",
        b"\0",
        b"\t",
        "é".encode(),
        "\U0010ffff".encode(),
        b"some text",
    ]
    raw = b"".join(dice.choices(parts, k=60))
    assert blocks.sound(raw).to_list() == [line.strip(" \t\r\0\n") for line in raw.decode().split("\n")]
