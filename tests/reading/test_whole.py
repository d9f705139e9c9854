"""Files and folders appear whole or not at all, also when the disk is full or the writer is killed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from rtml.commands.output import write_parquet as write_result
from rtml.errors import MissingFileError, RtmlError
from rtml.reading.whole import require_new, whole_file, whole_folder, write_parquet, write_text

TABLE = pl.DataFrame({"a": range(100_000)})


@contextmanager
def full_disk(size: int = 20_000) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def folder_of_a_table(path: Path) -> None:
    with whole_folder(path) as half:
        TABLE.write_parquet(half / "a.parquet")


WRITERS = {
    "text": lambda path: write_text(path, "x" * 100_000),
    "table": lambda path: write_parquet(path, TABLE),
    "result of a command": lambda path: write_result(TABLE, path),
    "folder": folder_of_a_table,
}
every_writer = pytest.mark.parametrize("name", WRITERS)


@every_writer
def test_what_is_written_is_there_and_nothing_beside_it(tmp_path: Path, name: str):
    WRITERS[name](tmp_path / "deep" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


@every_writer
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, name: str):
    if name != "folder":
        (tmp_path / "out").write_text("before")
    before = [path.name for path in tmp_path.iterdir()]
    with full_disk(), pytest.raises(RtmlError, match="out: cannot be written .*File too large") as caught:
        WRITERS[name](tmp_path / "out")
    assert caught.value.argument == "out" and "partial" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == before
    assert name == "folder" or (tmp_path / "out").read_text() == "before"


@every_writer
def test_where_nothing_can_be_written_is_said(tmp_path: Path, name: str):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RtmlError, match="file/out: cannot be written"):
        WRITERS[name](tmp_path / "file" / "out")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RtmlError, match=r"folder: (cannot be written|exists already)"):
        WRITERS[name](tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_errors_of_others_pass_and_leave_nothing(tmp_path: Path, whole):
    for error in (
        ValueError("x"),
        KeyboardInterrupt(),
        MissingFileError("y"),
        FileNotFoundError(2, "z", "q"),
    ):
        with pytest.raises(type(error)) as caught, whole(tmp_path / "out") as half:
            if half.is_dir():
                (half / "a").write_text("1")
            else:
                half.write_text("1")
            raise error
        assert caught.value is error
        assert list(tmp_path.iterdir()) == []


def test_folders_inside_of_folders_are_called_by_their_place(tmp_path: Path):
    with (
        pytest.raises(RtmlError, match=f"^{tmp_path}/out/in: exists already"),
        whole_folder(tmp_path / "out") as out,
    ):
        (out / "in").mkdir()
        folder_of_a_table(out / "in")


def test_a_result_is_never_written_over(tmp_path: Path):
    require_new(tmp_path / "out")
    (tmp_path / "out").write_text("x")
    for write in (require_new, folder_of_a_table):
        with pytest.raises(RtmlError, match="out: exists already; remove it or choose another place"):
            write(tmp_path / "out")


def test_links_are_followed_and_devices_written_directly(tmp_path: Path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=write_text, args=(tmp_path / "pipe", "through"))
    writer.start()
    assert (tmp_path / "pipe").read_text() == "through"
    writer.join()
    assert (tmp_path / "pipe").is_fifo()


def test_readable_for_others_as_any_file(tmp_path: Path):
    old = os.umask(0o022)
    try:
        write_text(tmp_path / "file", "x")
        folder_of_a_table(tmp_path / "folder")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("how", ["whole_file", "whole_folder"])
def test_a_killed_writer_does_not_stand_in_the_way(tmp_path: Path, how: str):
    code = f"""
import os, signal, sys
from pathlib import Path
from rtml.reading.whole import {how}
with {how}(Path(sys.argv[1])) as half:
    (half / "a" if half.is_dir() else half).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    WRITERS["folder" if how == "whole_folder" else "text"](tmp_path / "out")
    hidden = [path.name for path in tmp_path.iterdir() if path.name != "out"]
    assert len(hidden) == 1 and hidden[0].startswith(".out.partial-")


def odd() -> None:
    raise pl.exceptions.ComputeError("Invalid thrift: transport error")


def test_an_error_that_lost_the_systems_words_is_laid_to_a_disk_that_takes_nothing(tmp_path: Path):
    for writing in (whole_file, whole_folder):
        with full_disk(), pytest.raises(RtmlError, match=r"out: cannot be written \(File too large\)"):
            with writing(tmp_path / "out"):
                odd()
        with pytest.raises(pl.exceptions.ComputeError, match="thrift"), writing(tmp_path / "out"):
            odd()
    assert list(tmp_path.iterdir()) == []
