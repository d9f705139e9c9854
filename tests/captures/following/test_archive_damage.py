"""A part of what was put away that is damaged, or another table, is named; nobody goes on with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rtml.captures.following.archive import Archive
from rtml.captures.following.memory import read_memory
from rtml.captures.manifest import parse_manifest
from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from tests.soak.folders import FOLDERS


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    whole = FOLDERS["archive"].whole
    assert whole is not None
    return Path(shutil.copytree(whole(), tmp_path / "c"))


def opened(capture: Path) -> Archive:
    manifest = parse_manifest((capture / "capture.json").read_text("utf-8"), "capture.json")
    assert manifest.growing is not None
    _, gathered = read_memory(capture, manifest.growing.state, SENSORS["bpftrace"])
    assert gathered.archive is not None
    return gathered.archive


def all_of(archive: Archive) -> None:
    archive.repairs(None)
    for part in archive.sums.parts:
        for table in ("images", "identities", "kept", "units", "pids"):
            archive._read(part, table)


@pytest.mark.parametrize("name", ["processes.parquet", "memory/units.parquet", "memory/kept.parquet"])
@pytest.mark.parametrize("how", ["cut", "foreign", "absent", "flipped"])
def test_a_damaged_part_is_named(capture: Path, name: str, how: str):
    all_of(opened(capture))
    part = sorted((capture / "archive").iterdir())[0]
    raw = (part / name).read_bytes()
    other = (part / "identities.parquet").read_bytes()
    odd = {"cut": raw[: len(raw) // 2], "foreign": other, "flipped": raw[:60] + b"\xff" * 40 + raw[100:]}
    (part / name).unlink()
    if how != "absent":
        (part / name).write_bytes(odd[how])
    with pytest.raises(RtmlError, match=f"{part.name}/{name}: what was put away cannot be read"):
        all_of(opened(capture))


def test_an_index_that_was_cut_is_named(capture: Path):
    names = sorted((capture / "archive").iterdir())[0] / "memory" / "names"
    names.write_bytes(names.read_bytes()[:-3])
    with pytest.raises(RtmlError, match="cannot be read"):
        opened(capture)


@pytest.mark.parametrize("name", ["kept", "heard", "pending"])
def test_another_table_in_the_memory_is_refused(capture: Path, name: str):
    memory = next((capture / "follow").rglob("memory"))
    shutil.copy(memory / "written.parquet", memory / f"{name}.parquet")
    with pytest.raises(RtmlError, match="has no column"):
        opened(capture)
