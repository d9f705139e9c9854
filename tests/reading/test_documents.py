"""JSON documents of a log: one a line, several, over many lines, broken, behind a runtime's prefix."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.reading import documents as door
from rtml.reading.documents import documents
from rtml.reading.json_text import json_value

PIECES = ["{", "}", '"a"', "1", "\n", " ", "[1,\n2]", '{"b":\n3}', '{"c": 4}', "é", '{"d": "']
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
INNER = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=3), INNER, min_size=1, max_size=3), min_size=1, max_size=4
)
QUIET = settings(deadline=None, max_examples=150)


def values(path: Path, raw: bytes | str) -> list[object]:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return [document.problem or document.value for document in documents(path)]


@QUIET
@given(st.lists(st.sampled_from(PIECES)))
def test_every_character_is_part_of_one_document(tmp_path_factory, pieces: list[str]):
    text, path = "".join(pieces), tmp_path_factory.mktemp("pieces") / "log"
    path.write_text(text, "utf-8")
    known = list(documents(path))
    assert "".join("".join(d.raw.decode().split()) for d in known) == "".join(text.split())
    lines = text.split("\n")
    for document in known:
        assert document.raw.decode().split("\n")[0].strip() in lines[document.line - 1]
        assert document.problem is not None or document.value == json.loads(document.raw)


@QUIET
@given(OBJECTS, st.sampled_from([None, 1]))
def test_objects_come_back_however_they_are_printed(tmp_path_factory, objects, indent):
    path = tmp_path_factory.mktemp("objects") / "log"
    text = "\n".join(json.dumps(value, indent=indent) for value in objects)
    assert values(path, text) == objects
    if indent is None:
        assert values(path, text.replace("\n", "")) == objects
        prefixed = "".join(f"2027-01-15T08:00:00.1Z stderr F {line}\n" for line in text.split("\n"))
        assert values(path, prefixed) == objects


@QUIET
@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b'{"a": [', b"2027-01-15T08:00:00Z stdout P {"]))
def test_any_bytes_are_documents_or_problems(tmp_path_factory, raw: bytes, before: bytes):
    path = tmp_path_factory.mktemp("bytes") / "log"
    path.write_bytes(b"\n" + before + raw)
    for document in documents(path):
        assert document.problem is None or document.value is None


def test_lines_that_a_runtime_cut_in_parts_are_joined(tmp_path: Path):
    at = "2027-01-15T08:00:00.123456789+01:00 stdout "
    text = f'{at}P {{"a": "b\n{at}P c\n{at}F d"}}\n{at}F {{"e": 1}}\n'
    text += f'2027-01-15T08:00:01Z {{"f": 2}}\n{at}P {{"g"'
    cut = "cut off: the object does not end"
    assert values(tmp_path / "log", text) == [{"a": "bcd"}, {"e": 1}, {"f": 2}, cut]


def test_an_object_that_does_not_end_swallows_no_other(tmp_path: Path):
    text = '{"a": [1,\n  2\n{"b": 1}\n{"c":\n2}\n'
    assert values(tmp_path / "log", text) == ["cut off: the object does not end", {"b": 1}, {"c": 2}]


def test_scalars_are_no_parts_of_a_broken_line(tmp_path: Path):
    assert values(tmp_path / "log", '2027-01-15 08:00 {"a": 1}\n1 2\n"x" {}\n') == ["not JSON"] * 3


def test_what_is_too_long_or_too_deep_is_a_problem(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(door, "MOST_BYTES", 1000)
    deep = "[" * 400 + "]" * 400
    endless = '{"b":\n' + "[1,\n" * 500
    text = f'{{"a": "{"x" * 1000}"}}\n{endless}\n{{"c": 3}}\n{deep}\n'
    long, over_lines, *rest = values(tmp_path / "log", text)
    assert "longer than" in str(long) and "longer than" in str(over_lines)
    assert {"c": 3} in rest and rest[-1] == json.loads(deep)
    monkeypatch.undo()
    assert values(tmp_path / "log", "[" * 100_000 + "]" * 100_000) == ["nested too deeply"]


def test_many_values_on_one_line_take_time_in_proportion(tmp_path: Path):
    assert values(tmp_path / "log", '{"a": 1}' * 100_000) == [{"a": 1}] * 100_000


@QUIET
@given(st.lists(st.sampled_from(["\\ud83d", "\\ude00", "\\\\", "\\n", "a", "\\uD83D", '\\"', "ud800"])))
def test_texts_of_json_fit_into_a_table(parts: list[str]):
    text = json_value(f'"{"".join(parts)}"')
    assert pl.Series([text]).to_list() == [text]
    whole = json.loads(f'"{"".join(parts)}"')
    assert text == whole or any("\ud800" <= character <= "\udfff" for character in whole)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5000, "nul", '{"a": 1}{'])
def test_what_is_no_json_is_a_value_error(text: str):
    with pytest.raises(ValueError):
        json_value(text)


_NUMBERS = """18446744073709551615 18446744073709551616 -9223372036854775808 -9223372036854775809 -0 1E5 NaN
-Infinity 1e999 123456789012345678901234567890.5 [1.0,1e-7] {"a":1,"a":2}""".split()


@pytest.mark.parametrize("text", [*_NUMBERS, r'"\ud83d\ude00"', r'"\u0000"', r'"a\/b"'])
def test_values_are_those_that_python_reads(text: str):
    assert repr(door.parsed(1, text.encode()).value) == repr(json.loads(text))
