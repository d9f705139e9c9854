"""One item is made while the last is in use: never more, in order, faults when their turn comes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rtml.captures.ahead import ahead


def test_the_next_is_made_while_the_last_is_in_use_and_no_more():
    asked = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(asked):
            event.set()
            yield number

    made = ahead(items())
    assert next(made) == 0
    assert asked[1].wait(10)  # nobody asked for it yet
    assert not asked[2].wait(0.05)
    assert list(made) == [1, 2, 3]


def test_a_fault_is_raised_in_its_turn():
    def items() -> Iterator[int]:
        yield 0
        yield 1
        raise ValueError("the third is broken")

    seen = []
    with pytest.raises(ValueError, match="the third is broken"):
        for number in ahead(items()):
            seen.append(number)
    assert seen == [0, 1]


def test_who_stops_early_leaves_no_thread():
    made = ahead(iter(range(10)))
    next(made)
    made.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


def test_nothing_gives_nothing():
    assert list(ahead([])) == []
