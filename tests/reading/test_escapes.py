"""Bytes become text that nothing else becomes, and text that gives the bytes back."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtml.reading.escapes import as_literal, decoded, literal, original, readable, readable_json
from rtml.reading.json_text import json_value

PIECES = [
    b"\xff",
    b"\\xff",
    b"\\",
    b"x",
    b"ff",
    b"5c",
    b"\xc3",
    b"\xbf",
    "ü\ue000".encode(),
    b"\\x5c",
    b"\\X",
    b"8",
]
tricky = st.binary(max_size=20) | st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)


@given(tricky)
@example(rb"\x5cxff")
def test_what_is_escaped_comes_back(raw: bytes):
    assert original(readable(raw)) == raw


@given(tricky, tricky)
@example(b"/tmp/bad\xff", rb"/tmp/bad\xff")
@example(rb"\xff", rb"\x5cxff")
def test_two_names_are_two_texts(one: bytes, other: bytes):
    assert (one == other) == (readable(one) == readable(other))


@pytest.mark.parametrize("text", ["/etc/passwd", r"dev-disk-by\x2dlabel", "C:\\x", "ü", "", "\\"])
def test_ordinary_text_stays_as_it_is(text: str):
    assert readable(text.encode()) == literal(text) == text


@given(st.lists(tricky.filter(lambda raw: b"\n" not in raw), min_size=1, max_size=5))
def test_columns_of_a_file_are_as_their_bytes(pieces: list[bytes]):
    file = decoded(b"\n".join(pieces))
    column = pl.DataFrame({"piece": file.text.split("\n")}).select(file.readable_column(pl.col("piece")))
    assert column["piece"].to_list() == [readable(raw) for raw in pieces]


@given(tricky)
def test_a_literal_is_the_same_alone_and_in_a_column(raw: bytes):
    text = raw.decode("utf-8", "ignore")
    assert pl.DataFrame({"a": [text]}).select(as_literal(pl.col("a"))).item() == literal(text)


def in_json(raw: bytes, every: bool) -> bytes:
    """A JSON string of these bytes; ``every``: all that is ASCII as an escape of four digits."""
    text = raw.decode("utf-8", "surrogateescape")
    spelled = (
        f"\\u{ord(c):04x}" if every and ord(c) < 128 else json.dumps(c, ensure_ascii=False)[1:-1]
        for c in text
    )
    return f'"{"".join(spelled)}"'.encode("utf-8", "surrogateescape")


@given(tricky, st.booleans())
def test_strings_of_json_are_as_their_bytes(raw: bytes, every: bool):
    text = in_json(raw, every).decode("utf-8", "surrogateescape")
    assert json.loads(readable_json(text)) == readable(raw)


@given(st.text(st.characters(exclude_categories=()), max_size=12))
def test_half_a_surrogate_pair_is_the_bytes_that_encode_it(text: str):
    whole = json.loads(json.dumps(text))
    assert json_value(json.dumps(text)) == readable(whole.encode("utf-8", "surrogatepass"))
