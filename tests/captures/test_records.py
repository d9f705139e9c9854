"""JSON records of any sensor: from whatever file, each is a row or a reject, and none becomes another."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.captures.sensors.records import JSON, Format, read_records
from rtml.captures.sensors.records.blocks import blocks
from rtml.captures.sensors.records.decoding import decode
from rtml.captures.sensors.records.format import BESIDE, PROBLEM
from rtml.errors import RtmlError
from rtml.reading import documents
from rtml.times import UTC_NS

SHAPE = pl.Struct(
    {"a": pl.String(), "b": pl.Struct({"c": pl.String()}), "l": pl.List(pl.Struct({"v": pl.String()}))}
)
AT = pl.lit(5).cast(UTC_NS)


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    bad = pl.when(pl.col("n") == "13").then(pl.lit("unlucky"))
    return rows.select(
        kind=pl.lit("exec"),
        path="n",
        time=AT,
        **{PROBLEM: bad, BESIDE: pl.when(pl.col("n") == "0").then(pl.lit("zero"))},
    )


TOY = Format(
    name="toy",
    what="a log of toys",
    generations=({"n": "toy/n", "id": "toy/id"}, {"n": "data/n", "id": "data/id"}),
    claims=pl.col("id").is_not_null(),
    events=_events,
)


def toy(n: object, key: str = "toy") -> str:
    return json.dumps({key: {"n": n, "id": "x"}})


def read(folder: Path, content: str | bytes, name: str = "log") -> tuple[list[object], list[tuple[int, str]]]:
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(raw)
    reading = read_records(folder / name, TOY)
    assert reading.records == reading.events.height + reading.rejects.height
    return reading.events["path"].to_list(), reading.rejects.select("line", "reason").rows()


STRANGE = "not a record of a log of toys"
FILES = {
    "lines": f"{toy(1)}\n{toy(2)}\n",
    "no end of line": f"{toy(1)}\n{toy(2)}",
    "dos": f"{toy(1)}\r\n\r\n{toy(2)}\r\n",
    "nul where a file was copied and cut": f"\0\0\0{toy(1)}\n{toy(2)}",
    "byte-order mark": f"\ufeff{toy(1)}\n{toy(2)}",
    "utf-16": f"{toy(1)}\n{toy(2)}".encode("utf-16"),
    "packed": gzip.compress(f"{toy(1)}\n{toy(2)}\n".encode()),
    "list": f"[{toy(1)},\n{toy(2)}]",
    "printed": f"{json.dumps(json.loads(toy(1)), indent=2)}\n{json.dumps(json.loads(toy(2)), indent=2)}",
    "two on a line": f"{toy(1)}{toy(2)}",
    "one printed among lines": f"{toy(1)}\n{json.dumps(json.loads(toy(2)), indent=2)}\n",
    "kubernetes": f"2027-01-15T08:00:00Z stdout F {toy(1)}\n2027-01-15T08:00:00Z stdout P {toy(2)[:9]}\n"
    f"2027-01-15T08:00:00Z stdout F {toy(2)[9:]}\n",
    "docker": "\n".join(json.dumps({"log": f"{toy(n)}\n", "stream": "stdout"}) for n in (1, 2)),
    "cloudwatch": json.dumps({"logEvents": [{"message": toy(1)}, {"message": toy(2)}]}),
    "another generation": f"{toy(1)}\n{toy(2, 'data')}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_records_are_found_in_whatever_they_stand(name: str, tmp_path: Path):
    assert read(tmp_path, FILES[name]) == (["1", "2"], [])


DAMAGED = {
    "text between": (f"{toy(1)}\nFri: Falco says hello\n{toy(2)}", [(2, "not JSON")]),
    "cut": (f"{toy(1)}\n{toy(2)}\n{toy(3)[:9]}", [(3, "cut off: the object does not end")]),
    "cut inside": (f'{toy(1)}\n{{"toy": {{"n"\n{toy(2)}', [(2, "cut off: the object does not end")]),
    "strange object": (f'{toy(1)}\n{{"x": {{}}}}\n{toy(2)}', [(2, STRANGE)]),
    "no object": (f"{toy(1)}\n7\n{toy(2)}", [(2, "not a JSON object")]),
    "deep": (f'{toy(1)}\n{{"x": {"[" * 5000}{"]" * 5000}}}\n{toy(2)}', [(2, "nested too deeply")]),
    "refused by the sensor": (f"{toy(1)}\n{toy(13)}\n{toy(2)}", [(2, "unlucky")]),
    "not a number": (f'{toy(1)}\n{{"toy": {{"id": "x", "n": NaN}}}}\n{toy(2)}', [(2, "not JSON")]),
    "a byte that spoils an escape": (
        f"{toy(1)}\n".encode() + b'{"toy": {"id": "x", "n": "\\\xe1"}}\n' + toy(2).encode(),
        [(2, "not JSON")],
    ),
    "open in one line, closed in the next": (
        f'{toy(1)}\n{{"x": [{{}}\n{{"y": 1}}]}}\n{toy(2)}',
        [(2, "not JSON")],
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_refused_by_name_and_the_rest_is_read(name: str, tmp_path: Path):
    content, refused = DAMAGED[name]
    assert read(tmp_path, content) == (["1", "2"], refused)


def test_zero_null_absent_and_words_are_four_things(tmp_path: Path):
    lines = [toy(n) for n in (None, "", 1, 1.5, True, [1], "18446744073670260079", 18446744073670260079)]
    values, refused = read(tmp_path, "\n".join([*lines, '{"toy": {"id": "x"}}']))
    unsigned = "18446744073670260079"
    assert values == [None, None, "1", "1.5", "true", None, unsigned, unsigned, None]
    assert refused == []


def test_names_that_are_no_text_stay_themselves_and_apart(tmp_path: Path):
    odd = b'{"toy": {"id": "x", "n": "/tmp/\xff"}}\n' + rb'{"toy": {"id": "x", "n": "/tmp/\\xff"}}'
    half = rb'{"toy": {"id": "x", "n": "\ud83d"}}'
    assert read(tmp_path, odd)[0] == [r"/tmp/\xff", r"/tmp/\x5cxff"]
    assert read(tmp_path, half)[0] == [r"\xed\xa0\xbd"]
    assert read(tmp_path, toy("caf\u00e9 \U0001f600"))[0] == ["caf\u00e9 \U0001f600"]


def test_a_line_longer_than_any_record_is_one_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in ("rtml.captures.sensors.records.blocks", "rtml.reading.documents"):
        monkeypatch.setattr(f"{module}.MOST_BYTES", 5000)
    monkeypatch.setattr("rtml.captures.sensors.records.blocks.BLOCK", 1000)
    (tmp_path / "log").write_text(f"{toy(1)}\n{toy('x' * 60_000)}\n{toy(2)}\n")
    found = [(b.first, b.problem) for b in blocks(tmp_path / "log", 1000)]
    assert found == [(1, None), (2, documents.LONG), (3, None)]


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = "\n".join(toy(n) if n % 5 else f"text {n}" for n in range(1, 400))
    whole = read(tmp_path, content)
    monkeypatch.setattr(
        "rtml.captures.sensors.records.tables.blocks", lambda path, cut: blocks(path, 300, cut)
    )
    assert read(tmp_path, content) == whole
    assert (len(whole[0]), len(whole[1])) == (399 - 79 - 1, 79 + 1)


def test_what_is_no_event_by_design_is_counted(tmp_path: Path):
    (tmp_path / "log").write_text(f"{toy(0)}\n{toy(1)}\n{toy(0)}\n")
    reading = read_records(tmp_path / "log", TOY)
    assert (reading.events.height, dict(reading.beside), reading.records) == (1, {"zero": 2}, 1)
    assert reading.events["sensor"].to_list() == ["toy"]


@pytest.mark.parametrize("content", ["", "\n\n", "hello", '{"x": 1}', "[]", '{"rule": '])
def test_a_file_without_a_record_is_an_error_that_names_it(content: str, tmp_path: Path):
    with pytest.raises(RtmlError, match="log: "):
        read(tmp_path, content)


def test_any_value_can_be_asked_for_as_json():
    texts = ['{"a": {"x": [1, null]}}', '{"a": "x"}', '{"a": 7}', '{"a": null}', "{"]
    values, problems = decode(pl.Series(texts), pl.Struct({"a": JSON}))
    assert [v and v["a"] for v in values.to_list()] == ['{"x":[1,null]}', "x", "7", None, None]
    assert problems == [(4, "not JSON")]


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False)
anything = st.recursive(
    scalars, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("abclv"), x)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(anything | st.text(max_size=8), max_size=40))
def test_what_a_row_says_does_not_depend_on_its_neighbours(values: list[object]):
    rows = [value if isinstance(value, str) else json.dumps(value) for value in values]
    texts = pl.Series("text", [row.encode("utf-8", "replace").decode() for row in rows], pl.String)
    together, problems = decode(texts, SHAPE)
    alone = [decode(texts.slice(i, 1), SHAPE) for i in range(texts.len())]
    assert together.to_list() == [found[0].item() for found in alone]
    assert problems == [(i, found[1][0][1]) for i, found in enumerate(alone) if found[1]]


@pytest.mark.parametrize("lines", [[0, 0], [0, 1], [1, 1], [0, "text", 0], [1, "text", 0]], ids=str)
def test_every_record_has_the_columns_of_all_forms(lines: list[object], tmp_path: Path):
    wide = ({"n": "a/n", "one": "a/x"}, {"n": "b/n", "two": ("b/x", pl.List(pl.String()))})

    def events(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(kind=pl.lit("exec"), path="one", answers="two", time=AT)

    form = Format("toy", "a log of toys", wide, claims=pl.col("n").is_not_null(), events=events)
    texts = {0: '{"a": {"n": 1, "x": "p"}}', 1: '{"b": {"n": 1, "x": ["q"]}}', "text": "text"}
    (tmp_path / "log").write_text("\n".join(texts[line] for line in lines))
    reading = read_records(tmp_path / "log", form)
    told = {0: ("p", None), 1: (None, ["q"])}
    assert reading.events.select("path", "answers").rows() == [told[line] for line in lines if line in told]


@pytest.mark.parametrize("depth", [100, 200, 300, 900, 2000])
def test_a_value_that_is_too_deep_to_be_written_again_is_no_crash(depth: int):
    deep = '{"v": ' + "[" * depth + "]" * depth + "}"
    values, problems = decode(pl.Series([deep, '{"v": 1}']), pl.Struct({"v": JSON}))
    assert values.to_list()[1] == {"v": "1"}
    assert problems == ([] if values.to_list()[0] else [(0, "nested too deeply")])


def test_rows_of_another_shape_cost_what_others_do_and_change_nothing_beside_them():
    shape = pl.Struct({f"f{n}": pl.Struct({"a": pl.String(), "b": pl.List(pl.String())}) for n in range(60)})
    good = '{"f1": {"a": 12345678901234567890123, "b": ["x"]}}'
    odd = [
        '{"f1": {"a": [1], "b": "x"}}',
        '{"f2": []}',
        '{"f1": {"a": {"c": 1}}}',
        '{"f1"',
        "[]",
        '{"f1": 1}',
    ]
    begin = time.process_time()
    values, problems = decode(pl.Series([good, *odd] * 300), shape)
    assert time.process_time() - begin < 8  # a row each by itself took longer by an order of magnitude
    first = [value and value["f1"] for value in values.head(7)]
    assert first[0] == {"a": "12345678901234567890123", "b": ["x"]}
    assert first[1] == {"a": None, "b": ["x"]} and first[3] == {"a": None, "b": None} and first[4] is None
    assert problems[:2] == [(4, "not JSON"), (5, "not a JSON object")] and len(problems) == 600
