"""Lookups by hand."""

from __future__ import annotations

import math

import pytest

from rtml.features import learn, windows
from rtml.testing.events import events


def asked(*names: str | None, **more):
    return events(
        {"kind": "dns", "exe": "/bin/app", "process_id": 7, "domain": name, **more} for name in names
    )


def first(table, history=None):
    return windows(table, history, ["dns"]).row(0, named=True)


@pytest.fixture(scope="module")
def history():
    return learn(asked(*["cache.shop", "web.shop"] * 40, query_type="A"), families=["dns"])


def test_numbers_lengths_and_letters():
    row = first(asked("cache.shop.internal", "abcd", "abcd", None))
    assert (row["dns.names"], row["dns.once"], row["dns.length_max"]) == (2, 1, 19)
    letters = "cacheshopinternal"
    share = [letters.count(letter) / len(letters) for letter in set(letters)]
    expected = -sum(p * math.log2(p) for p in share)
    assert row["dns.entropy_max"] == pytest.approx(expected, abs=1e-3)


def test_failures_are_counted_by_name():
    assert first(asked("a.top", "a.top", "b.top", result=-2))["dns.failed"] == 2


def test_a_usual_name_is_no_surprise(history):
    row = first(asked("CACHE.shop.", query_type="A"), history)
    assert max(row[f"dns.{part}_bits_max"] for part in ("name", "lookup", "volume")) < 0.5


def test_a_long_label_and_another_kind_of_question_are_surprising(history):
    row = first(asked("a" * 40 + ".t.example", query_type="TXT"), history)
    assert row["dns.name_bits_max"] > 3
    assert row["dns.lookup_bits_max"] > 3


def test_many_short_names_are_surprising_by_their_number(history):
    few = first(asked(*[f"{letter}.shop" for letter in "abc"], query_type="A"), history)
    many = first(asked(*[f"{letter}.shop" for letter in "abcdefghijklmnopqrst"], query_type="A"), history)
    assert few["dns.volume_bits_max"] < 0.5
    assert many["dns.volume_bits_max"] > 2
    assert many["dns.name_bits_max"] == few["dns.name_bits_max"]


def test_repeating_a_name_adds_nothing(history):
    assert first(asked(*["cache.shop"] * 30, query_type="A"), history)["dns.volume_bits_max"] < 0.5


def test_processes_of_other_trees_do_not_add_up(history):
    rows = [
        {"kind": "dns", "exe": "/bin/app", "process_id": n, "domain": f"{letter}.shop", "query_type": "A"}
        for n, letter in enumerate("abcdefghijklmnopqrst")
    ]
    assert first(events(rows), history)["dns.volume_bits_max"] < 0.5
