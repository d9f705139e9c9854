"""``rtml findings import`` and ``suppress``: nothing that was read is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.experiment.judge import read_findings
from rtml.findings.importing import FORMATS, read_alerts
from rtml.reading.json_values import json_values
from rtml.schema import FINDINGS
from tests.conftest import LAB
from tests.rules.test_alerts import FALCO, TETRAGON, TRACEE
from tests.test_cli import rtml


@given(st.lists(st.sampled_from(["{", "}", '"a"', "1", "\n", " ", "[1,\n2]", '{"b":\n3}', "é"])))
def test_every_character_is_part_of_a_value_or_of_a_broken_line(pieces):
    text = "".join(pieces)
    found = list(json_values(text))
    assert "".join("".join(part.split()) for _, part, _ in found) == "".join(text.split())
    for line, part, _ in found:
        assert text.splitlines(keepends=True)[line - 1 :][0].find(part.split("\n")[0]) >= 0


def test_files_of_one_engine_become_one_table(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(FALCO)}\n{{broken\n")
    (tmp_path / "b.gz").write_bytes(gzip.compress(f"\n{json.dumps(FALCO)}\n[]".encode()))
    out = tmp_path / "f.parquet"
    done = rtml(
        "findings", "import", "falco", tmp_path / "a.jsonl", tmp_path / "b.gz", "--out", out, "--json"
    )
    assert json.loads(done.stdout) == {
        "alerts": 2,
        "findings": 1,
        "rejected": 2,
        "reject_reasons": {"not a JSON object": 2},
    }
    assert pl.read_parquet(out).schema == FINDINGS and read_findings(out).height == 1
    rejects = pl.read_parquet(tmp_path / "f.rejects.parquet")
    assert rejects.select("line", "text").rows() == [(2, "{broken"), (3, "[]")]


@pytest.mark.parametrize("engine", FORMATS)
def test_real_events_of_another_kind_are_rejects_and_not_lost(tmp_path: Path, engine: str):
    if not TETRAGON.is_dir():
        pytest.skip(f"{TETRAGON} is not here")
    files = sorted(TETRAGON.glob("*.json"))
    out = tmp_path / "f.parquet"
    done = rtml("findings", "import", engine, *files, "--out", out)
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "f.rejects.parquet").height == len(files)
    assert "rejected" in done.stdout


def test_imported_alerts_are_judged_like_any_findings(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(json.dumps(TRACEE))
    rtml("findings", "import", "tracee", tmp_path / "a.jsonl", "--out", tmp_path / "f.parquet")
    done = rtml(
        "evaluate",
        "--capture",
        LAB / "capture",
        "--labels",
        LAB / "labels.parquet",
        "--findings",
        tmp_path / "f.parquet",
        "--out",
        tmp_path / "e",
    )
    assert done.returncode == 0, done.stderr
    assert "tracee" in done.stdout


def test_damaged_gzip_is_an_error_that_names_the_file(tmp_path: Path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"{}" * 99)[:-9])
    done = rtml("findings", "import", "falco", tmp_path / "x.gz", "--out", tmp_path / "f.parquet")
    assert done.returncode == 1 and "x.gz" in done.stderr and not list(tmp_path.glob("f.*"))


def test_suppress_writes_what_remains_and_the_archive_and_a_dry_run_nothing(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(json.dumps(FALCO))
    found = read_alerts(tmp_path / "a.jsonl", "falco").findings
    found.write_parquet(tmp_path / "f.parquet")
    (tmp_path / "quiet.yml").write_text(
        "- {name: n, owner: me, reason: r, expires: 2999-01-01, where: {detector: falco}}"
    )
    before = set(tmp_path.iterdir())
    command = ("findings", "suppress", tmp_path / "f.parquet", "--rules", tmp_path / "quiet.yml")
    dry = rtml(*command, "--dry-run", "--out", tmp_path / "kept.parquet")
    assert "0 findings remain · 1 archived" in dry.stdout and set(tmp_path.iterdir()) == before
    assert rtml(*command, "--out", tmp_path / "kept.parquet").returncode == 0
    assert pl.read_parquet(tmp_path / "kept.parquet").schema == FINDINGS
    (row,) = pl.read_parquet(tmp_path / "kept.suppressed.parquet").to_dicts()
    assert (row["suppressed_by"], row["owner"], row["reason"]) == ("n", "me", "r")
    assert row["finding_id"] == found["finding_id"].item()
