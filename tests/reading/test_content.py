"""Packed files: whole, cut at any byte, damaged, followed by something else, or a bomb."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import threading
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rtml.captures.sensors import SENSORS
from rtml.errors import MissingFileError, RtmlError
from rtml.findings.importing import read_alerts
from rtml.reading import content as door
from rtml.reading.content import first_bytes, opened
from rtml.reading.lines import lines_of
from rtml.reading.lines import read_raw as whole
from rtml.reading.text import read_text
from tests.captures.test_beth_damage import DNS
from tests.captures.test_bpftrace import line as bpftrace_line
from tests.captures.test_k8s_audit import event as audit_event
from tests.conftest import REPOSITORY
from tests.rules.test_alerts import FALCO


def zstd(raw: bytes) -> bytes:
    return pa.compress(raw, codec="zstd", asbytes=True)


def zipped(raw: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.jsonl", raw)
    return file.getvalue()


PACKERS = {"gzip": gzip.compress, "zstd": zstd}
packed = pytest.mark.parametrize("name", PACKERS)
LINES = b"".join(b"%d %d\n" % (i, random.Random(i).getrandbits(64)) for i in range(2000))


def read(path: Path) -> tuple[bytes, str | None]:
    with opened(path) as (stream, content):
        return stream.read(), content.problem


def read_raw(folder: Path, raw: bytes) -> tuple[bytes, str | None]:
    path = folder / "file"
    path.write_bytes(raw)
    return read(path)


@packed
def test_members_one_behind_the_other_are_one_file(tmp_path: Path, name: str):
    pack = PACKERS[name]
    assert read_raw(tmp_path, pack(LINES) + pack(b"") + pack(b"end")) == (LINES + b"end", None)


def test_zeros_after_and_between_gzip_members_are_padding(tmp_path: Path):
    one = gzip.compress(LINES)
    assert read_raw(tmp_path, one + bytes(70_000) + one + bytes(3)) == (LINES * 2, None)


@packed
@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60, deadline=None)
def test_what_stands_before_a_cut_is_given_and_the_cut_is_told(tmp_path_factory, name: str, share: float):
    first, second = PACKERS[name](LINES), PACKERS[name](LINES)
    cut = len(first) + 1 + int(share * (len(second) - 1))
    got, problem = read_raw(tmp_path_factory.mktemp("cut"), (first + second)[:cut])
    assert got.startswith(LINES) and (LINES * 2).startswith(got)
    assert problem is not None and name in problem
    if name == "gzip" and share > 0.5:
        assert len(got) > 1.3 * len(LINES)


@packed
@pytest.mark.parametrize(
    "junk", [b"x", b"junk that is no stream" * 9000, b"\x1f", b"\x1f\x8b", b"(\xb5/\xfd"]
)
def test_junk_behind_the_last_member_costs_none_of_it(tmp_path: Path, name: str, junk: bytes):
    got, problem = read_raw(tmp_path, PACKERS[name](LINES) + junk)
    assert got == LINES and problem is not None and name in problem


@packed
@given(place=st.integers(0, 2**32), bit=st.integers(0, 7))
@settings(max_examples=80, deadline=None)
def test_a_flipped_bit_never_crashes_and_never_passes_in_gzip(tmp_path_factory, name, place, bit):
    raw = bytearray(PACKERS[name](LINES))
    raw[place % len(raw)] ^= 1 << bit
    got, problem = read_raw(tmp_path_factory.mktemp("bit"), bytes(raw))
    unimportant = name == "zstd" or place % len(raw) < 10  # no checksum; header of gzip
    assert problem is not None or got == LINES or unimportant


def test_content_before_a_wrong_checksum_is_kept(tmp_path: Path):
    raw = bytearray(gzip.compress(LINES))
    raw[-6] ^= 1
    assert read_raw(tmp_path, bytes(raw)) == (LINES, "the gzip stream is cut off or damaged")


@given(st.binary(max_size=200) | st.binary(max_size=99).map(lambda b: b"\x1f\x8b\x08\0" + b))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused_by_name(tmp_path_factory, raw: bytes):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(raw)
    for reader in (read, whole, first_bytes, lambda p: read_text(p, 100)):
        try:
            reader(path)
        except RtmlError as error:
            assert "any" in str(error)


@packed
def test_a_bomb_ends_with_a_reason_and_not_in_memory(tmp_path: Path, name: str, monkeypatch):
    monkeypatch.setattr(door, "FREE_BYTES", 1_000_000)
    bomb = PACKERS[name](bytes(200_000_000))
    got, problem = read_raw(tmp_path, bomb)
    assert len(got) <= max(1_000_000, len(bomb) * door.MOST_GROWTH) < 200_000_000
    assert problem is not None and "times its size" in problem


def test_growth_of_honest_logs_is_no_bomb(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(door, "FREE_BYTES", 0)
    lines = b"".join(b'{"type": "printf", "data": "fork %d"}\n' % i for i in range(50_000))
    assert read_raw(tmp_path, zstd(lines)) == (lines, None)
    assert read_raw(tmp_path, b"plain\n" * 99)[1] is None


@pytest.mark.parametrize("pack", [bytes, zipped, *PACKERS.values()], ids=["plain", "zip", *PACKERS])
def test_a_byte_order_mark_goes_and_utf_16_is_read(tmp_path: Path, pack):
    assert read_raw(tmp_path, pack(b"\xef\xbb\xbf{}\n"))[0] == b"{}\n"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        for text in ("{}\n", '{"a": "ü \U0001f600"}\n' * 50_000):
            assert read_raw(tmp_path, pack(text.encode(encoding))) == (text.encode(), None)
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert read_raw(tmp_path, pack(mark + "é".encode(encoding) + b"\0"))[1] is not None


@given(
    st.text(st.characters(exclude_categories=()), max_size=30), st.sampled_from(["utf-16-le", "utf-16-be"])
)
@example("\ud800", "utf-16-le")
@example("a\udbff", "utf-16-be")
def test_any_text_in_utf_16_is_the_text(tmp_path_factory, text: str, encoding: str):
    text = text.lstrip("\0")  # two zero bytes behind the mark are those of UTF-32
    raw = f"\ufeff{text}".encode(encoding, "surrogatepass")
    whole = raw.decode(encoding, "surrogatepass").removeprefix("\ufeff")
    assert read_raw(tmp_path_factory.mktemp("wide"), raw)[0] == whole.encode("utf-8", "surrogatepass")


def test_a_zip_archive_is_its_one_file(tmp_path: Path):
    assert read_raw(tmp_path, zipped(LINES)) == (LINES, None)
    several = io.BytesIO()
    with zipfile.ZipFile(several, "w") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("a", LINES)
        archive.writestr("b", LINES)
    whole = zipped(LINES)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 255
    got, problem = read_raw(tmp_path, bytes(damaged))
    assert LINES.startswith(got[:1000]) and problem is not None and "zip" in problem
    for raw, why in ((several.getvalue(), "of 2 files"), (whole[: len(whole) // 2], "cut off or damaged")):
        with pytest.raises(RtmlError, match=f"file: .*{why}"):
            read_raw(tmp_path, raw)


def test_what_is_no_file(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="absent: No such file"):
        read(tmp_path / "absent")
    with pytest.raises(RtmlError, match="Is a directory") as caught:
        read(tmp_path)
    assert not isinstance(caught.value, MissingFileError)
    with pytest.raises(RtmlError, match="null byte"):
        read(tmp_path / "a\0b")


def test_a_pipe_can_be_read(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(gzip.compress(LINES),))
    writer.start()
    assert read(tmp_path / "pipe") == (LINES, None)
    writer.join()


def test_lines_end_with_line_feeds_only(tmp_path: Path):
    (tmp_path / "log").write_bytes("a\u2028b\r\nc\x85d\x0b\n".encode())
    text = whole(tmp_path / "log")[0].decode()
    assert lines_of(text).to_list() == ["a\u2028b", "c\x85d\x0b", ""]


def test_a_text_is_bounded_packed_or_not(tmp_path: Path):
    for raw in (b"x" * 11, gzip.compress(b"x" * 11)):
        (tmp_path / "a").write_bytes(raw)
        assert read_text(tmp_path / "a", 11) == "x" * 11
        with pytest.raises(RtmlError, match="larger than the 10 bytes"):
            read_text(tmp_path / "a", 10)
    (tmp_path / "a").write_bytes(gzip.compress(b"x" * 11)[:-3])
    with pytest.raises(RtmlError, match="cut off"):
        read_text(tmp_path / "a", 11)


LOGS = {
    "bpftrace": bpftrace_line("exec", 1, "/bin/sh") + "\n",
    "beth": f"{DNS}2021-05-16T17:13:14Z,1.1.1.1,2.2.2.2,a.b,,['A'],h\n",
    "k8s-audit": json.dumps(audit_event(1)) + "\n",
    "falco": json.dumps(FALCO) + "\n",
}


def counted(kind: str, path: Path) -> tuple[int, list[str]]:
    if kind in SENSORS:
        reading = SENSORS[kind].read(path)
        return reading.events.height, reading.rejects["reason"].to_list()
    alerts = read_alerts(path, kind)
    return alerts.alerts, alerts.rejects["reason"].to_list()


@packed
@pytest.mark.parametrize("kind", LOGS)
def test_every_reader_of_logs_takes_packed_ones_and_tells_of_their_end(tmp_path: Path, kind: str, name: str):
    path, pack = tmp_path / "log", PACKERS[name]
    path.write_text(LOGS[kind])
    number, refused = counted(kind, path)
    assert number > 0 and refused == []
    path.write_bytes(pack(b"\xef\xbb\xbf" + LOGS[kind].encode()))
    assert counted(kind, path) == (number, [])
    path.write_bytes(pack(LOGS[kind].encode()) + pack(b"\n")[:-2])
    number_of_cut, refused = counted(kind, path)
    assert number_of_cut == number and [name in reason for reason in refused] == [True]


def test_one_module_knows_how_files_are_packed():
    for path in (REPOSITORY / "rtml").rglob("*.py"):
        if path.name != "unpacking.py" and "replays" not in path.parts:
            text = path.read_text("utf-8")
            assert "gzip.open" not in text and "decompress" not in text and "x1f\\x8b" not in text, path
