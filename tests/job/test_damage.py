"""What cannot be read is set aside with its reason; the rest is done, and the next run tries again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from rtml.captures import Capture, open_capture
from rtml.errors import RtmlError
from rtml.job.running import job_of, run, run_job
from tests.job.conftest import contents, cut, some_edges, written
from tests.job.killing import started, words
from tests.models import conftest as shop


@pytest.fixture
def pieces(night: Capture, tmp_path: Path) -> list[Path]:
    return cut(night, tmp_path / "in", some_edges(night, 4, 13))


def part_of(capture: Path) -> Path:
    return sorted(capture.rglob("part-*.parquet"))[0]


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def not_parquet(path: Path) -> None:
    path.write_text("not parquet")


def foreign(path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(path)


def without_a_column(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["dst_ip"]), path)


def flipped_inside(path: Path) -> None:
    """Break what the end of the file does not show."""
    content = bytearray(path.read_bytes())
    content[200 : len(content) // 2] = b"\xff" * (len(content) // 2 - 200)
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut_off, not_parquet, foreign, without_a_column, flipped_inside])
def test_a_damaged_part_waits_and_the_rest_is_done(harm, pieces: list[Path], folder: Path, tmp_path: Path):
    run_job([str(tmp_path / "in")], folder, tmp_path / "undisturbed")
    part = part_of(pieces[1])
    whole = part.read_bytes()
    harm(part)
    ran = run(job_of([str(tmp_path / "in")], folder, tmp_path / "out"))
    assert not ran.complete and ran.result["windows"] > 0
    (fault,) = ran.result["aside"]
    assert fault["capture"] == str(pieces[1]) and part.name in f"{fault['part']} {fault['reason']}"
    again = run(job_of([str(tmp_path / "in")], folder, tmp_path / "out"))
    assert again.result == ran.result and again.days == []
    part.write_bytes(whole)
    assert run(job_of([str(tmp_path / "in")], folder, tmp_path / "out")).complete
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


def test_a_capture_whose_parts_are_on_their_way_waits_as_a_whole(
    pieces: list[Path], folder: Path, tmp_path: Path
):
    shutil.move(part_of(pieces[2]), tmp_path / "later.parquet")
    ran = run(job_of([str(tmp_path / "in")], folder, tmp_path / "out"))
    (fault,) = ran.result["aside"]
    assert "on its way" in fault["reason"] and not fault["part"]
    assert ran.result["events"] == sum(json.loads((p / "capture.json").read_text())["events"]
                                       for n, p in enumerate(pieces) if n != 2)  # fmt: skip


def test_findings_of_what_is_gone_stay(pieces: list[Path], folder: Path, tmp_path: Path):
    """Retention removes old captures; a late one of the same day must not take their findings away."""
    late = pieces.pop()
    before = run_job([str(path) for path in pieces], folder, tmp_path / "out")
    shutil.rmtree(pieces[0])
    ran = run(job_of([str(late)], folder, tmp_path / "out"))
    assert ran.result["findings"] >= before["findings"] and not ran.complete
    assert all("stay as they are" in fault["reason"] or "no capture here" in fault["reason"]
               for fault in ran.result["aside"])  # fmt: skip


def test_the_exit_code_tells(pieces: list[Path], folder: Path, tmp_path: Path):
    not_parquet(part_of(pieces[0]))
    process = started(words([str(tmp_path / "in")], folder, str(tmp_path / "out"), "--log-format", "json"))
    said, log = process.communicate()
    assert process.returncode == 3 and b"set aside" in said
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[-1]["event"] == "done" and lines[-1]["aside"] == 1
    assert {line["step"] for line in lines if "step" in line} >= {"looking at", "scoring"}


def test_when_nothing_can_be_read_the_job_fails(pieces: list[Path], folder: Path, tmp_path: Path):
    (pieces[0] / "capture.json").write_text("{")
    with pytest.raises(RtmlError, match=r"capture\.json"):
        run_job([str(pieces[0])], folder, tmp_path / "out")


def test_what_the_model_has_learnt_from_is_no_day(pieces: list[Path], folder: Path, tmp_path: Path):
    """The same moments under other names are known again; the day is set aside, others are scored."""
    usual = shop.shop(tmp_path / "usual")
    facts = {c.container_id: c for c in usual.manifest.containers}
    exact = pl.col("time") + pl.duration(nanoseconds=pl.col("seq") * 1009)
    rows = usual.events().collect().with_columns(exact.cast(pl.Datetime("ns", "UTC")))
    model = shop.learnt(open_capture(written(tmp_path / "learnt", rows, facts))).save(tmp_path / "model")
    other = rows.with_columns((pl.col("container_id").cast(pl.String) + "-x").cast(pl.Categorical))
    renamed = written(tmp_path / "renamed", other, {f"{name}-x": fact for name, fact in facts.items()})
    with pytest.raises(RtmlError, match="the model has learnt from these events"):
        run_job([str(renamed)], model, tmp_path / "alone")
    ran = run(job_of([str(renamed), str(pieces[-1])], model, tmp_path / "out"))
    assert ran.days == ["2026-03-10"]
    assert [fault["day"] for fault in ran.result["aside"]] == ["2026-03-09"]
