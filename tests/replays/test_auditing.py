"""The second sensor: what it asks the kernel, when it refuses, and that it takes everything back."""

from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.replays import auditing as module
from rtml.replays.auditing import PROGRAMS, auditing, forget_rules

CTL = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
  -s) printf 'enabled 0\\npid %s\\nlost 0\\n' "$(cat {state})" ;;
  -l) echo '-a always,exit -S execve -F auid=1 -F key=rtml-lab' ;;
esac
"""
DAEMON = """#!/bin/sh
echo 77 > {state}
cp "$2/auditd.conf" {seen}
echo x > "$2/audit.log"
trap 'echo 0 > {state}; exit 0' TERM
while [ -e {state} ]; do sleep 0.05; done
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that do what auditd, auditctl and laurel would, and write down what they are asked."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "state").write_text("0")
    names = {name: tmp_path / name for name in ("log", "state", "seen")}
    for name, text in (("auditctl", CTL), ("auditd", DAEMON), ("laurel", "#!/bin/sh\n")):
        program = tmp_path / "bin" / name
        program.write_text(text.format(**names))
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    monkeypatch.setattr(module, "_path", lambda: path)
    monkeypatch.setenv("PATH", path)
    return tmp_path


def asked(machine: Path) -> list[str]:
    return (machine / "log").read_text().splitlines()


def test_nothing_is_touched_where_it_is_not_wanted(machine: Path):
    with auditing(machine / "audit", False) as audit:
        assert audit is None
    assert not (machine / "log").exists() and not (machine / "audit").exists()


def test_rules_ask_for_the_sittings_login_only_and_are_taken_back(machine: Path):
    with auditing(machine / "audit", True) as audit:
        assert audit is not None
        login = f"auid={audit.login}"
        added = [line for line in asked(machine) if line.startswith("-a")]
        assert len(added) == 3 and all(login in line and line.endswith("-k rtml-lab") for line in added)
        assert str(audit.login) in audit.words[2] and audit.words[-1] == "sitting"
        assert "-e 0" not in asked(machine)
    assert asked(machine)[-2:] == ["-D -k rtml-lab", "-e 0"]
    assert set(audit.logs) == {"auditd"} and audit.process.poll() is not None
    assert f"log_file = {machine / 'audit'}/audit.log" in (machine / "seen").read_text()


def test_rules_are_taken_back_when_the_sitting_fails(machine: Path):
    with pytest.raises(ValueError, match="sitting"), auditing(machine / "audit", True):
        raise ValueError("the sitting")
    assert asked(machine)[-2:] == ["-D -k rtml-lab", "-e 0"]


def test_somebody_elses_audit_is_left_alone(machine: Path):
    (machine / "state").write_text("4711")
    with pytest.raises(RtmlError, match="somebody audits already"), auditing(machine / "audit", True):
        raise AssertionError("it must not begin")
    assert asked(machine) == ["-s"]


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_missing_program_is_named_with_its_package(machine: Path, name: str):
    (machine / "bin" / name).unlink()
    with pytest.raises(RtmlError, match=f"needs .*{PROGRAMS[name]}"), auditing(machine / "audit", True):
        raise AssertionError("it must not begin")


def test_a_kernel_without_audit_is_told(machine: Path):
    (machine / "bin" / "auditctl").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(RtmlError, match="CONFIG_AUDITSYSCALL"), auditing(machine / "audit", True):
        raise AssertionError("it must not begin")


def test_rules_of_a_killed_recorder_are_forgotten(machine: Path):
    forget_rules()
    assert asked(machine) == ["-l -k rtml-lab", "-s", "-D -k rtml-lab", "-e 0"]
