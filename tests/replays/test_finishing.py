"""From raw logs and journal to a recording: stretches are cut, nothing is invented."""

import gzip
import json
from pathlib import Path

from rtml.replays.finishing import join_logs, log_of, sitting_of
from rtml.replays.journal import Journal, read_journal
from rtml.replays.scenario import Scenario

SCENARIO = Scenario(name="s", seconds=60, workloads={"web": 1})
STAMP = {"unix_ns": 10**18, "boot_ns": 5 * 10**9, "mono_ns": 5 * 10**9}


def line(time: int) -> str:
    return json.dumps({"type": "printf", "data": f"exec\x1f{time}\x1f1\n"}) + "\n"


def later(seconds: float, step: float = 0) -> dict:
    return {k: v + int((seconds + (step if k == "unix_ns" else 0)) * 1e9) for k, v in STAMP.items()}


def test_stretches_of_two_sensors_are_cut_at_their_seam(tmp_path: Path):
    lost = json.dumps({"type": "lost_events", "data": {"events": 3}}) + "\n"
    (tmp_path / "sensor-0.jsonl").write_text(line(1) + line(9) + line(11) + line(13))
    (tmp_path / "sensor-1.jsonl").write_text(line(8) + line(10) + lost + line(12) + line(13)[:20])
    facts = [
        {"what": "sensor", "log": "sensor-0.jsonl", "since": 0, "until": 10},
        {"what": "sensor", "log": "sensor-1.jsonl", "since": 10, "until": None},
    ]
    assert join_logs(tmp_path, facts, tmp_path / "out.gz") == 5
    kept = gzip.decompress((tmp_path / "out.gz").read_bytes()).decode()
    assert kept == line(1) + line(9) + line(10) + lost + line(12)


def test_a_log_without_a_word_in_the_journal_is_kept_whole(tmp_path: Path):
    (tmp_path / "sensor-0.jsonl").write_text(line(1) + line(2))
    assert join_logs(tmp_path, [], tmp_path / "out.gz") == 2


def test_a_sitting_that_came_to_its_end_is_complete():
    facts = [{"what": "begin", **STAMP}, {"what": "up", **later(8)}, {"what": "end", **later(70)}]
    log = log_of(SCENARIO, facts, 350)
    assert log["lines_per_second"] == 5.0
    assert log["complete"] and log["seconds"] == 70 and log["start_up_seconds"] == 8


def test_what_cut_a_sitting_short_is_named():
    facts = [{"what": "begin", **STAMP}, {"what": "incomplete", "why": "the disk is full"}]
    log = log_of(SCENARIO, facts, 0)
    assert not log["complete"] and log["incomplete_because"] == ["the disk is full"]


def test_a_clock_step_is_named():
    facts = [{"what": "begin", **STAMP}, {"what": "end", **later(60, step=-3600)}]
    log = log_of(SCENARIO, facts, 0)
    assert not log["complete"] and "-3600.0 s" in log["incomplete_because"][0]


def test_the_sitting_names_every_container_and_action(tmp_path: Path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("begin", **STAMP)
    journal.write("container", name="web-1", id="ab", workload="web", cgroup_v2_id=7, pidns=8)
    journal.write("container", name="web-1.2", id="cd", workload="web", cgroup_v2_id=9, pidns=10)
    journal.write("action", action="look", cmd="ls", container="web-1", output="secret")
    sitting = sitting_of(read_journal(tmp_path / "journal.jsonl"))
    assert set(sitting["containers"]) == {"web-1", "web-1.2"}
    assert sitting["benign_operator_actions"] == [{"what": "look", "cmd": "ls", "container": "web-1"}]
