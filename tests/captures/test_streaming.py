"""An import in blocks is the import as a whole, in shards."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow.dataset as ds
import pytest

from rtml.captures import check_capture, import_capture, open_capture, pieces, retired, streaming
from rtml.captures.shards import shard_of
from rtml.errors import RtmlError, UsageError
from tests.captures.following.logs import counted, images, lines, log_in, rows
from tests.captures.test_bpftrace import line
from tests.samples import shipped


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is long, blocks are small."""
    monkeypatch.setattr(pieces, "STREAMED", 1)
    monkeypatch.setattr(pieces, "_BLOCK", 20_000)
    sizes = {"_GATHERED": 150, "_GROUP": 200, "_REMEMBERED": 20, "_IMAGES": 7}
    for name, size in sizes.items():
        monkeypatch.setattr(streaming, name, size)
    monkeypatch.setattr(retired, "_AT_ONCE", 1)


def same(sensor: str, files: list[Path], place: Path) -> None:
    """Hold an import in blocks against one as a whole."""
    import_capture(sensor, files, place / "blocks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "STREAMED", 10**12)
        import_capture(sensor, files, place / "whole")
    assert not list((place / "whole" / "events").rglob("shard=*"))
    assert rows(place / "blocks").equals(rows(place / "whole"))
    assert images(place / "blocks").equals(images(place / "whole"))
    assert counted(open_capture(place / "blocks")) == counted(open_capture(place / "whole"))
    one, other = (open_capture(place / name) for name in ("blocks", "whole"))
    assert one.manifest.inputs == other.manifest.inputs
    assert one.rejects().equals(other.rejects())
    assert [c.name for c in check_capture(one) if c.grave and not c.ok] == []


@pytest.mark.usefixtures("small_blocks")
def test_blocks_are_the_whole(tmp_path: Path):
    same("bpftrace", [log_in(tmp_path, b"".join(lines()))], tmp_path)


@pytest.mark.usefixtures("small_blocks")
def test_rotated_files_in_any_order_and_other_sittings(tmp_path: Path):
    files = [log_in(tmp_path, b"".join(lines()[600:]), "b"), log_in(tmp_path, b"".join(lines()[:600]), "a")]
    other = tmp_path / "other"
    other.mkdir()
    (other / "c").write_text("\n".join(line("exec", 5, f"/bin/{i}", t=i) for i in range(400)) + "\n")
    same("bpftrace", [*files, other / "c"], tmp_path)


@pytest.mark.usefixtures("small_blocks")
def test_the_audit_table_is_that_of_the_whole(tmp_path: Path):
    (file,) = shipped("k8s-audit")
    same("k8s-audit", [file], tmp_path)
    one, other = (open_capture(tmp_path / name).audit().collect() for name in ("blocks", "whole"))
    keys = ["audit_id", "stage", "final"]
    assert one.select(keys).sort(keys).equals(other.select(keys).sort(keys))


@pytest.mark.usefixtures("small_blocks")
def test_a_cut_end_is_a_reject(tmp_path: Path):
    log = log_in(tmp_path, gzip.compress(b"".join(lines()))[:-5000], "log.gz")
    same("bpftrace", [log], tmp_path)
    reasons = open_capture(tmp_path / "blocks").manifest.reject_reasons
    assert "the gzip stream is cut off or damaged" in reasons


@pytest.mark.usefixtures("small_blocks")
def test_every_shard_holds_all_of_its_containers_and_other_tools_read_them(tmp_path: Path):
    import_capture("bpftrace", [log_in(tmp_path, b"".join(lines()))], tmp_path / "c")
    folder = tmp_path / "c" / "events"
    for path in folder.rglob("*.parquet"):
        held = pl.read_parquet(path)["container_id"].unique()
        assert {f"shard={shard_of(container)}" for container in held} == {path.parent.name}
        assert pl.read_parquet(path)["time"].is_sorted()
    read = pl.read_parquet(folder, hive_partitioning=True)
    table = ds.dataset(folder, partitioning="hive").to_table()
    assert read.height == table.num_rows == open_capture(tmp_path / "c").manifest.events
    assert {"node", "shard", "host"} < set(read.columns) & set(table.column_names)


@pytest.mark.usefixtures("small_blocks")
def test_a_damaged_or_foreign_long_file_leaves_nothing(tmp_path: Path):
    log = log_in(tmp_path, b"a\n" * 50_000)
    with pytest.raises(RtmlError, match=r"log\.jsonl: no line is bpftrace"):
        import_capture("bpftrace", [log], tmp_path / "c")
    assert not (tmp_path / "c").exists()
    document = tmp_path / "pretty.json"
    document.write_text("{\n" + '"a": 1,\n' * 10 + '"b": 2}\n')
    assert not pieces.is_long([document])


@pytest.mark.usefixtures("small_blocks")
def test_a_long_import_looks_for_copies_as_a_short_one_does(tmp_path: Path):
    raw = b"".join(lines())
    log = log_in(tmp_path / "logs", raw)
    (tmp_path / "logs" / "sitting.json").rename(tmp_path / "sitting.json")
    log_in(tmp_path / "logs", gzip.compress(raw), "twin.gz")
    (tmp_path / "logs" / "sitting.json").unlink()
    twin = tmp_path / "logs" / "twin.gz"
    with pytest.raises(UsageError, match=r"twin.gz: holds the same records as .*log.jsonl"):
        import_capture("bpftrace", [log, twin], tmp_path / "c")
    same("auto", [log.parent], tmp_path)
    capture = open_capture(tmp_path / "blocks")
    assert list((tmp_path / "blocks" / "events").rglob("shard=*"))
    (copied,) = (
        n for what, n in capture.manifest.beside.items() if what.startswith("twin.gz holds the same")
    )
    assert {file.name: file.records for file in capture.manifest.inputs} == {log.name: copied, "twin.gz": 0}


@pytest.mark.usefixtures("small_blocks")
def test_an_id_that_comes_in_full_later_is_the_same_in_both(tmp_path: Path):
    short, full = "0123456789ab", "0123456789ab" + "c" * 52
    told = {"evt.type": "open", "proc.pid": 7, "proc.name": "cat", "fd.name": "/etc/passwd"}
    alerts = [
        json.dumps(
            {"rule": "r", "priority": "Notice", "time": f"2026-11-01T08:00:0{i}Z", "output": "x"}
            | {"output_fields": told | {"container.id": id, "evt.time": 1793520000000000000 + i * 10**9}}
        )
        for i, id in enumerate([short, short, full])
    ]
    (tmp_path / "falco.json").write_text("\n".join(alerts) + "\n")
    same("falco", [tmp_path / "falco.json"], tmp_path)
    assert [c.container_id for c in open_capture(tmp_path / "blocks").manifest.containers] == [full]
