"""A part whose pages are damaged is named, also where Polars panics over it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.decoding import naming_parts
from rtml.errors import RtmlError
from tests.samples import DATA


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    import_capture("bpftrace", [DATA / "bpftrace/bpftrace.jsonl.gz"], tmp_path / "c")
    return tmp_path / "c"


@pytest.mark.parametrize("table", ["events", "processes.parquet"])
def test_check_names_the_part_whose_pages_are_damaged(capture: Path, table: str):
    part = next((capture / table).rglob("*.parquet"), capture / table)
    raw = bytearray(part.read_bytes())
    middle = len(raw) // 8
    raw[4 : 4 + middle] = b"\xff" * middle
    part.write_bytes(raw)
    with pytest.raises(RtmlError, match=part.name):
        check_capture(open_capture(capture))


@pytest.mark.parametrize("error", [pl.exceptions.PanicException("left: 48"), pl.exceptions.ComputeError("x")])
def test_what_no_part_explains_is_said_of_the_capture(capture: Path, error: BaseException):
    with pytest.raises(RtmlError, match=r"c: a part cannot be read \((left: 48|x)\)"):
        with naming_parts(str(capture), "a part"):
            raise error
