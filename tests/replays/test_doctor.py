"""What a machine lacks is said before anything is changed; left-overs are known by their lock."""

from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.replays import doctor
from rtml.replays.cleanup import claim, leftovers, remove, sweep
from rtml.replays.doctor import PROGRAMS, Check, examine, require
from rtml.replays.recorder import record
from rtml.replays.scenario import Scenario

SCENARIO = Scenario(name="s", seconds=5, workloads={"web": 1})


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RTML_LAB", str(tmp_path / "lab"))
    return tmp_path / "lab"


def test_every_piece_is_examined(lab: Path):
    names = {check.name.partition(" at ")[0] for check in examine()}
    assert names >= {"root", "tracefs", "disk", "memory", "BTF of the kernel", *PROGRAMS}
    assert not lab.exists()


def test_a_machine_without_programs_is_told_one_line_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda *_, **__: None)
    with pytest.raises(RtmlError) as caught:
        require(examine())
    assert str(caught.value).splitlines()[1] == (
        "  apt-get install -y --no-install-recommends bpftrace iproute2 mmdebstrap mount podman"
        " runc util-linux"
    )


def test_without_root_nothing_is_made(lab: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    with pytest.raises(RtmlError, match="root .uid 1000"):
        record(SCENARIO, tmp_path / "out", lambda _: None)
    assert not lab.exists() and not (tmp_path / "out").exists()


def test_a_full_disk_is_named_before_anything_is_made(lab: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "GIGABYTES_OF_DISK", 1e9)
    (disk,) = [check for check in examine() if check.name.startswith("disk")]
    assert not disk.ok and "RTML_LAB" in disk.remedy
    with pytest.raises(RtmlError, match="GB free"):
        require([disk])


def test_a_complete_machine_passes():
    require([Check("root", True, "uid 0")])


def test_an_existing_folder_is_never_overwritten(lab: Path, tmp_path: Path):
    with pytest.raises(RtmlError, match="exists already"):
        record(SCENARIO, tmp_path, lambda _: None)
    assert not lab.exists()


def test_a_folder_lives_as_long_as_its_sitting(lab: Path):
    with claim("rtml-test") as folder:
        (folder / "some").mkdir()
        assert leftovers() == [] == sweep()
        assert folder.exists()
    assert not folder.exists()


def test_a_folder_whose_lock_is_free_is_swept(lab: Path):
    left = lab / "work" / "rtml-gone"
    (left / "storage").mkdir(parents=True)
    other = lab / "work" / "mine"
    other.mkdir()
    assert sweep() == ["rtml-gone"]
    assert not left.exists() and other.exists()


def test_only_names_of_the_lab_are_removed(lab: Path):
    with pytest.raises(ValueError, match="not the lab's"):
        remove("../etc")
