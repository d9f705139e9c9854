"""The catalogue of attacks: wide, quiet enough, harmless as far as a machine can read."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from rtml.errors import UsageError
from rtml.replays.asking import protocol_of
from rtml.replays.catalogue import HELD_OUT, addressed, catalogue, problems, select
from rtml.replays.contract import Attack
from rtml.replays.families import FAMILIES, OUT_OF_REACH
from rtml.replays.reading import HERE, load_workloads
from rtml.replays.safety import FORBIDDEN, dangers
from tests.conftest import SHARED

ATTACKS = catalogue()
ARTEFACTS = sorted(path for path in (HERE / "artefacts").iterdir() if path.is_file())
SERVED = {path.name for path in ARTEFACTS}
each = pytest.mark.parametrize("attack", ATTACKS.values(), ids=lambda attack: attack.id)


def words(attack: Attack) -> str:
    return "\n".join([*(step.run or "" for step in attack.steps), attack.cleanup or ""])


def asked(attack: Attack) -> list[str]:
    return [step.ask for step in attack.steps if step.ask]


def test_the_catalogue_is_as_wide_as_promised():
    techniques = {attack.technique for attack in ATTACKS.values()}
    assert len(ATTACKS) >= 48
    assert len(techniques) >= 24
    assert 3 * len(select(ATTACKS, quiet=True)) >= len(ATTACKS)
    assert {attack.family for attack in ATTACKS.values()} == set(FAMILIES)
    assert 3 * len(HELD_OUT) >= len(techniques) and techniques >= HELD_OUT


def test_ours_say_how_hard_they_are_and_who_wrote_them_when():
    unsaid = [
        name for name, attack in ATTACKS.items() if None in (attack.grade, attack.author, attack.written)
    ]
    assert unsaid == []


def test_there_are_enough_of_every_grade():
    grades = [attack.grade for attack in ATTACKS.values()]
    assert grades.count(3) >= 10 and grades.count(4) >= 8 and grades.count(5) >= 6
    assert sum(grade >= 3 for grade in grades) >= 30


def test_what_is_asked_of_a_service_can_be_asked():
    workloads = load_workloads()
    for attack in ATTACKS.values():
        protocol, _ = protocol_of(workloads[attack.workload])
        for text in asked(attack):
            assert text.startswith("/") or protocol != "http", attack.id
            assert " " in text or protocol != "queue", attack.id


def test_imitation_uses_destinations_of_the_workloads_own_jobs_only():
    for attack in ATTACKS.values():
        text = words(attack)
        if attack.grade == 3 or (attack.grade == 5 and attack.entry == "exec"):
            assert "{infra}" not in text and "/dev/tcp/" not in text, attack.id


def test_every_family_of_several_attacks_has_a_quiet_one():
    for family in FAMILIES:
        loud = select(ATTACKS, family=family, quiet=False)
        assert len(loud) <= 1 or select(ATTACKS, family=family, quiet=True), family


def test_every_published_finding_type_is_aimed_at_or_said_to_be_out_of_reach():
    reference = SHARED.parent / "reference" / "findings.md"
    if not reference.is_file():
        pytest.skip(f"the reference is absent: {reference}")
    section = reference.read_text("utf-8").partition("## 1.")[2].partition("### 1.4")[0]
    rows = re.findall(r"^\| \d+ \| `([^`]+)` \|", section, re.MULTILINE)
    aimed = {kind for kinds in FAMILIES.values() for kind in kinds}
    assert len(rows) == 46
    assert set(rows) == aimed | set(OUT_OF_REACH)
    assert not aimed & set(OUT_OF_REACH)


def test_two_intrusions_take_ten_to_twenty_minutes():
    long = select(ATTACKS, family="intrusion").values()
    assert len(long) == 2
    for attack in long:
        assert 600 <= sum(step.wait or 0 for step in attack.steps) <= attack.seconds <= 1200


def test_calibration_never_sees_what_is_held_out():
    seen = {attack.technique for attack in select(ATTACKS, part="calibrate").values()}
    assert seen and not seen & HELD_OUT
    assert select(ATTACKS, part="test") == ATTACKS


@each
def test_an_attack_is_harmless_as_far_as_a_machine_can_read(attack: Attack):
    assert problems(attack) == []
    assert attack.harmless.endswith(".") and len(attack.harmless.split()) >= 4
    assert attack.seconds <= 1200


@each
def test_what_an_attack_fetches_is_served(attack: Attack):
    fetched = re.findall(r"\{infra\}:8000/([\w.]+)", words(attack))
    assert set(fetched) - {"upload"} <= SERVED


@each
def test_an_attack_leaves_nothing_that_it_planted(attack: Attack):
    folders = "tmp|var/tmp|dev/shm|etc|root"
    planted = re.findall(rf"(?:-o|of=|cp\s.*?|>>?)\s*(/(?:{folders})/[^\s;)&|\"']+)", words(attack))
    assert not planted or attack.cleanup


@each
def test_an_attack_is_explained(attack: Attack):
    number = attack.technique.replace(".", "/")
    assert f"https://attack.mitre.org/techniques/{number}/" in attack.references
    assert bool(attack.needs) == (attack.entry in ("exec", "rce"))
    commands = ("dd ", "ptrace ", "process_vm_writev", "socat", "sudo", "unshare")
    assert attack.name[0].isupper() or attack.name.startswith(commands)


@each
def test_an_attack_is_shell_that_parses(attack: Attack):
    text = re.sub(r"\{[a-z]+\}", "127.0.0.1", words(attack))
    done = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@each
def test_what_python_an_attack_carries_parses(attack: Attack):
    for text in re.findall(r"python3 -c '([^']*)'", words(attack)):
        ast.parse(text)


@pytest.mark.parametrize("path", ARTEFACTS, ids=lambda path: path.name)
def test_a_payload_stand_in_names_no_address_but_its_own_loopback(path: Path):
    assert dangers(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "echo b > /proc/sysrq-trigger",
        "echo '|/tmp/x' > /proc/sys/kernel/core_pattern",
        "reboot -f",
        "insmod /tmp/x.ko",
        "mkfs.ext4 /dev/sda",
        "dd if=/tmp/x of=/dev/sda",
        ":(){ :|:& };:",
        "rm -rf /",
        "rm -rf /*",
        "pkill -9 nginx",
        "kill -9 1",
        "chroot /mnt sh",
        "yes > /tmp/x",
        "curl http://10.0.0.1/",
        "curl https://example.org/x",
        "nc 8.8.8.8 53",
        "echo x > /dev/sda",
        "while true; do :; done",
        "nohup sleep 99",
        "cat /host/etc/shadow",
        "kill -KILL -1",
    ],
)
def test_what_would_hurt_is_refused(text: str):
    assert dangers(text)


def test_no_expression_of_the_deny_list_is_broken():
    assert all(re.compile(pattern) for pattern in FORBIDDEN)


def test_a_dangerous_file_is_refused_by_name(tmp_path: Path):
    text = (HERE / "attacks" / "log-wiping.yml").read_text("utf-8")
    (tmp_path / "mine.yml").write_text(text.replace("ls /var/log", "curl http://10.1.2.3/x"))
    with pytest.raises(UsageError, match=r"mine\.yml: address that is not the lab's: '10\.1\.2\.3'"):
        catalogue(tmp_path)


def test_an_attack_needs_the_workloads_it_names():
    scan = ATTACKS["port-scan"]
    assert addressed(scan) == ["app", "cache", "db", "infra", "web"]
    assert "port-scan" not in select(ATTACKS, workloads=["app", "web"])
    assert "port-scan" in select(ATTACKS, workloads=["app", "web", "cache", "db"])


def test_a_technique_stands_for_its_parts():
    found = {attack.technique for attack in select(ATTACKS, technique="T1059").values()}
    assert found == {"T1059", "T1059.004", "T1059.006"}


def test_an_unknown_family_is_named_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'beacon'"):
        select(ATTACKS, family="beacons")
