"""Frames on disk: whole ones are read again, others are cut off; keys outlive their files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rtml.captures.following.place import Place
from rtml.errors import RtmlError
from rtml.serving import journal as module
from rtml.serving.journal import Batch, Journal, Outcome

NOWHERE = Place(name="")


def batch(number: int) -> tuple[Batch, Outcome]:
    one = Batch(client="a", key=f"k{number}", raw=b'{"n": %d}\n\n{"size": 3}\n' % number)
    return one, Outcome(lines=3, digest=one.digest)


def unread(folder: Path, place: Place = NOWHERE) -> list[str | None]:
    journal = Journal(folder, place)
    try:
        return [one.key for one, _, _ in journal.unread()]
    finally:
        journal.close()


def test_a_frame_that_was_cut_anywhere_is_as_if_it_had_not_come(tmp_path: Path):
    journal = Journal(tmp_path / "j", NOWHERE)
    first = journal.append([batch(1)])
    journal.append([batch(2), batch(3)])
    journal.close()
    whole = (tmp_path / "j/0").read_bytes()
    for size in range(first.offset, len(whole)):
        (tmp_path / "j/0").write_bytes(whole[:size])
        assert unread(tmp_path / "j") in (["k1"], ["k1", "k2"])
        journal = Journal(tmp_path / "j", first)
        journal.append([batch(9)])
        journal.close()
        assert unread(tmp_path / "j", first)[-1] == "k9"


def test_reading_goes_on_behind_the_place(tmp_path: Path):
    journal = Journal(tmp_path / "j", NOWHERE)
    place = journal.append([batch(1)])
    journal.append([batch(2)])
    journal.close()
    assert unread(tmp_path / "j", place) == ["k2"]


def test_keys_are_known_when_their_files_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PIECE", 1)
    journal = Journal(tmp_path / "j", NOWHERE)
    places = [journal.append([batch(number)]) for number in range(4)]
    assert len(list((tmp_path / "j").iterdir())) == 4
    journal.forget(places[-1])
    journal.close()
    assert len(list((tmp_path / "j").iterdir())) == 1
    again = Journal(tmp_path / "j", places[-1])
    assert all(again.known(batch(number)[0]) is not None for number in range(4))
    assert again.known(batch(7)[0]) is None
    again.close()


def test_a_full_disk_leaves_nothing_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(tmp_path / "j", NOWHERE)
    journal.append([batch(1)])
    write, calls = os.write, []

    def full(file: int, raw: bytes) -> int:
        calls.append(raw)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, raw[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.append([batch(2)])
    monkeypatch.undo()
    assert journal.known(batch(2)[0]) is None
    journal.append([batch(3)])
    journal.close()
    assert unread(tmp_path / "j") == ["k1", "k3"]


def test_damage_before_other_frames_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PIECE", 1)
    journal = Journal(tmp_path / "j", NOWHERE)
    journal.append([batch(1)])
    journal.append([batch(2)])
    journal.close()
    path = next(file for file in sorted((tmp_path / "j").iterdir()) if file.stat().st_size)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(RtmlError, match="damaged after 0 bytes"):
        Journal(tmp_path / "j", NOWHERE)
