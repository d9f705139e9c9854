"""An import in blocks is the import as a whole, in shards."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyarrow.dataset as ds
import pytest

from rtml.captures import check_capture, import_capture, open_capture, streaming
from rtml.captures.shards import shard_of
from rtml.errors import RtmlError
from tests.captures.following.logs import counted, images, lines, log_in, rows
from tests.captures.test_bpftrace import line
from tests.samples import shipped


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is long, blocks are small."""
    monkeypatch.setattr(streaming, "STREAMED", 1)
    for name, size in (("_BLOCK", 20_000), ("_GATHERED", 150), ("_GROUP", 200)):
        monkeypatch.setattr(streaming, name, size)


def same(sensor: str, files: list[Path], place: Path) -> None:
    """Hold an import in blocks against one as a whole."""
    import_capture(sensor, files, place / "blocks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "STREAMED", 10**12)
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
    assert not streaming.is_long([document])
