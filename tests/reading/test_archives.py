"""Packed files in packed files, and tar archives: their one file, all of it, or why not."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.errors import RtmlError
from tests.captures.inventories import IDS, alert
from tests.reading.test_content import LINES, read_raw

Member = tuple[str, bytes, bytes]
FOLDER, LINK, PIPE = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE
BESIDE: list[Member] = [
    ("logs", b"", FOLDER),
    ("logs/empty", b"", tarfile.REGTYPE),
    ("logs/._a.log", b"macOS", tarfile.REGTYPE),
    ("logs/to-itself", b"", LINK),
    ("logs/pipe", b"", PIPE),
]


def tarred(*members: Member, format: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as archive:
        for name, data, kind in members:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(data), kind, name
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def file(name: str = "logs/a.log", data: bytes = LINES) -> Member:
    return name, data, tarfile.REGTYPE


def zstd(raw: bytes) -> bytes:
    return bytes(pa.compress(raw, codec="zstd", asbytes=True))


TWICE = {
    "gzip": gzip.compress(gzip.compress(LINES)),
    "gzip, members": gzip.compress(gzip.compress(LINES[:999]) + gzip.compress(LINES[999:])),
    "zstd": zstd(gzip.compress(LINES)),
    "gzip of zstd": gzip.compress(zstd(LINES)),
    "tar.gz": gzip.compress(tarred(file())),
    "tar.zst": zstd(tarred(*BESIDE, file())),
    "tar": tarred(*BESIDE[:3], file(), *BESIDE[3:]),
    "tar of a long name": tarred(file("x" * 300), format=tarfile.GNU_FORMAT),
    "tar of a long name, pax": tarred(file("é" * 300)),
    "tar of a packed file": tarred(file(data=gzip.compress(LINES))),
}


@pytest.mark.parametrize("how", TWICE)
def test_what_is_packed_twice_is_what_it_holds(how: str, tmp_path: Path):
    assert read_raw(tmp_path, TWICE[how]) == (LINES, None)


@pytest.mark.parametrize("how", TWICE)
def test_what_is_cut_off_is_told(how: str, tmp_path: Path):
    raw = TWICE[how]
    got, problem = read_raw(tmp_path, raw[: len(raw) // 2])
    assert LINES.startswith(got) and problem is not None and "cut off or damaged" in problem


def test_several_files_are_not_one(tmp_path: Path):
    for raw in (tarred(file(), file("b")), gzip.compress(tarred(file(), *BESIDE, file("b")))):
        with pytest.raises(RtmlError, match=r"file: a tar archive of several files.*unpack it"):
            read_raw(tmp_path, raw)
    with pytest.raises(RtmlError, match="without a file"):
        read_raw(tmp_path, tarred(*BESIDE))


def test_a_bomb_in_a_tar_archive_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rtml.reading.content.FREE_BYTES", 1_000_000)
    bomb = gzip.compress(tarred(file(data=bytes(100_000_000))))
    got, problem = read_raw(tmp_path, bomb)
    assert len(got) < 100_000_000 and problem is not None and "times its size" in problem


def test_a_log_in_an_archive_is_told_and_read(tmp_path: Path):
    log = "".join(alert(second, IDS[0]).strip() + "\n" for second in range(3)).encode()
    (tmp_path / "falco.tar.gz").write_bytes(gzip.compress(tarred(*BESIDE, file(data=log))))
    assert choose([tmp_path]).sensor == "falco"
    assert SENSORS["falco"].read(tmp_path / "falco.tar.gz").events.height == 3


def test_zero_bytes_alone_are_told_of(tmp_path: Path):
    (tmp_path / "a.log").write_bytes(bytes(9000))
    for read in (lambda path: choose([path]), SENSORS["falco"].read):
        with pytest.raises(RtmlError, match="nothing but zero bytes"):
            read(tmp_path / "a.log")
