"""Lines that a faster reader knows: the same records as without it, whatever stands between them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import orjson
import pytest

from rtml.reading import documents, known_lines
from rtml.reading.envelopes import records
from rtml.reading.known_lines import records_but

_LINES = [
    *(b'{"auditID": "a"}', b'{"auditID": "b", "x": {"y": [1, "}"]}}', b'{"auditID": "c"}') * 4,
    *(b"", b" ", b"text", b"[", b"]", b"{", b"}", b"},", b'{"auditID": "d"},', b'{"auditID":', b'"e"}'),
    *(
        b'[{"auditID": "f"},',
        b'{"auditID": "g"}]',
        b'{"auditID": "h"} {"auditID": "i"}',
        b'{"x": 1}',
        b"\xff",
    ),
    b'2027-01-15T08:00:00Z stdout P {"auditID":',
    b'2027-01-15T08:00:00Z stdout F "j"}',
    b'{"log": "{\\"auditID\\": ", "stream": "stdout"}',
    b'{"log": "\\"k\\"}\\n", "stream": "stdout"}',
    b'{"auditID": "l"}' + b" " * 90,
    b" " * 90 + b"x" * 90,
]


class _Audit:
    """Knows objects with an id; remembers what it took, in the order of the file."""

    def __init__(self) -> None:
        self.found: list[tuple[int, Any]] = []

    def read(self, lines: Sequence[bytes]) -> list[Any] | None:
        try:
            values = [orjson.loads(line) for line in lines if line.startswith(b"{")]
        except ValueError:
            return None
        ours = len(values) == len(lines) and all(isinstance(v, dict) and "auditID" in v for v in values)
        return values if ours else None

    def take(self, found: Sequence[Any], first: int, size: int) -> None:
        self.found += zip(range(first, first + len(found)), found, strict=True)


def _with_known(path: Path) -> list[tuple[int, Any, str | None]]:
    known = _Audit()
    told: list[tuple[int, Any, str | None]] = []
    for document in records_but(path, known):
        told += [(line, value, None) for line, value in known.found]
        known.found.clear()
        told.append((document.line, document.value, document.problem))
    return told + [(line, value, None) for line, value in known.found]


@pytest.mark.parametrize("piece", [1, 40, 1 << 20])
@pytest.mark.parametrize("seed", range(60))
def test_records_and_their_order_are_those_of_the_long_way(seed: int, piece: int, tmp_path: Path):
    dice, path = random.Random(seed), tmp_path / "log"
    end = dice.choice((b"\n", b"\r\n"))
    path.write_bytes(end.join(dice.choices(_LINES, k=dice.randrange(1, 30))) + dice.choice((b"", end)))
    with mock.patch.object(known_lines, "_PIECE", piece):
        found = _with_known(path)
    assert found == [(d.line, d.value, d.problem) for d in records(path)]


def test_a_line_that_is_too_long_is_one_problem(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b'{"auditID": "a"}\n{"auditID": "' + b"x" * 500 + b'"}\n{"auditID": "b"}\n')
    limits = [mock.patch.object(module, "MOST_BYTES", 100) for module in (documents, known_lines)]
    with limits[0], limits[1], mock.patch.object(known_lines, "_PIECE", 30):
        found = _with_known(path)
        assert found == [(d.line, d.value, d.problem) for d in records(path)]
    assert [problem is None for _, _, problem in found] == [True, False, True]
