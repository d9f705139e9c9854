"""``rtml findings import`` and ``suppress``: nothing that was read is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.experiment.judge import read_findings
from rtml.findings.formats import FORMATS
from rtml.findings.importing import read_alerts
from rtml.schema import FINDINGS
from tests.conftest import LAB
from tests.rules.test_alerts import FALCO, TETRAGON, TRACEE
from tests.test_cli import rtml


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
        "lost": 0,
        "rejected": 2,
        "reject_reasons": {"cut off: the object does not end": 1, "not a JSON object": 1},
    }
    assert pl.read_parquet(out).schema == FINDINGS and read_findings(out).height == 1
    rejects = pl.read_parquet(tmp_path / "f.rejects.parquet")
    assert rejects.select("line", "text").rows() == [(2, "{broken"), (3, "[]")]


@pytest.mark.parametrize("engine", FORMATS.own)
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
    container = open_capture(LAB / "capture").containers().item(0, "container_id")
    told = json.dumps(TRACEE).replace('"c2"', f'"docker://{container[:12]}"')
    (tmp_path / "a.jsonl").write_text(told)
    rtml("findings", "import", "tracee", tmp_path / "a.jsonl", "--out", tmp_path / "f.parquet")
    done = rtml(
        "evaluate",
        "--all-time",
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


def test_odd_texts_and_envelopes_of_alerts_are_read(tmp_path: Path):
    odd = json.dumps({**FALCO, "rule": "\ud800 half a pair"})
    lines = [odd, f"2027-01-15T08:00:00.5Z stdout F {odd}", f"{odd}{odd}"]
    (tmp_path / "a.log").write_bytes("\n".join(lines).encode() + b"\n" + odd.encode()[:-1] + b"\xff}")
    read = read_alerts(tmp_path / "a.log", "falco")
    assert (read.alerts, read.rejects["line"].to_list()) == (4, [4])
    assert read.findings["title"].to_list() == ["\\xed\\xa0\\x80 half a pair"]


def test_the_end_that_a_damaged_gzip_lost_is_a_reject_of_its_file(tmp_path: Path):
    packed = gzip.compress(f"{json.dumps(FALCO)}\n".encode())
    (tmp_path / "x.gz").write_bytes(packed + packed[:-9])
    read = read_alerts(tmp_path / "x.gz", "falco")
    assert read.alerts == 2
    assert read.rejects.rows() == [(str(tmp_path / "x.gz"), 3, "the gzip stream is cut off or damaged", "")]


def test_suppress_writes_what_remains_and_the_archive_and_a_dry_run_nothing(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(json.dumps(FALCO))
    found = read_alerts(tmp_path / "a.jsonl", "falco").findings
    found.write_parquet(tmp_path / "f.parquet")
    (tmp_path / "quiet.yml").write_text(
        "- {name: n, owner: me, reason: r, expires: 2199-12-31, where: {detector: falco}}"
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
