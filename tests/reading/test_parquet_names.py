"""Glob characters in a path are letters of its name: nothing else is read, and nothing is missed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rtml.baselines import Baseline
from rtml.captures import open_capture
from rtml.captures.following.follow import Pulse, follow
from rtml.datasets.tables import parquet_table
from rtml.errors import RtmlError
from rtml.evaluation import read_labels
from rtml.features import learn
from rtml.findings.reading import read_findings
from rtml.testing.events import busy
from tests.captures.following.logs import lines, log_in
from tests.findings.odd_findings import RULE, table

ROOT = Path(__file__).parents[2] / "rtml"
READERS = {"read_parquet", "scan_parquet", "read_csv", "scan_csv", "scan_ndjson"}
NAMES = ("f[1]", "f*", "f?", "[a-f]", "f{1,2}")


def globbing(source: str) -> list[int]:
    """Lines where Polars would take a path for a pattern."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READERS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "pl"
        and "glob" not in [keyword.arg for keyword in node.keywords]
    ]


def test_no_reader_takes_a_path_for_a_pattern():
    assert globbing("pl.read_parquet(path)\npl.read_parquet(path, glob=False)") == [1]
    found = {path.relative_to(ROOT).as_posix(): globbing(path.read_text()) for path in ROOT.rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def labels(path: Path) -> pl.DataFrame:
    return read_labels(path).select("attack_id")


def findings(path: Path) -> pl.DataFrame:
    return read_findings(path).select("finding_id")


LABELS = pl.DataFrame(
    [{"attack_id": "a", "container_id": "c", "start": 1795490205.0, "end": 1795490208.0}]
).with_columns((pl.col("start", "end") * 10**9).cast(pl.Int64).cast(pl.Datetime("ns", "UTC")))
WRITTEN: dict[str, tuple[Callable[[Path], pl.DataFrame], pl.DataFrame, str]] = {
    "findings": (findings, table(RULE), "finding_id"),
    "labels": (labels, LABELS, "attack_id"),
    "a table of a data set": (lambda path: parquet_table(path, ["a"]), pl.DataFrame({"a": ["x"]}), "a"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("what", WRITTEN)
def test_a_file_is_read_by_its_name(tmp_path: Path, what: str, name: str):
    read, rows, column = WRITTEN[what]
    rows.with_columns(pl.lit("other").alias(column)).write_parquet(tmp_path / "f1.parquet")
    path = tmp_path / name / f"{name}.parquet"
    with pytest.raises(RtmlError):
        read(tmp_path / f"{name}.parquet")
    path.parent.mkdir()
    rows.write_parquet(path)
    assert read(path)[column].to_list() == rows[column].to_list()


@pytest.mark.parametrize("name", ["f[1]", "[a-f]"])
def test_a_baseline_lies_in_a_folder_of_any_name(tmp_path: Path, name: str):
    baseline = learn(*busy())
    baseline.save(tmp_path / name)
    assert Baseline.load(tmp_path / name).counts.equals(baseline.counts)


@pytest.mark.parametrize("name", ["f[1]"])
def test_a_capture_of_any_name_is_followed_again(tmp_path: Path, name: str):
    raw, once = b"".join(lines()), Pulse(once=True, sleep=0.01)
    log, out = log_in(tmp_path, raw[: len(raw) // 2]), tmp_path / name / "c"
    out.parent.mkdir()
    before = follow("bpftrace", str(log), out, once).events
    with log.open("ab") as file:
        file.write(raw[len(raw) // 2 :])
    after = follow("bpftrace", str(log), out, once).events
    assert 0 < before < after == open_capture(out).events().select(pl.len()).collect().item()
