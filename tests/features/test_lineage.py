"""Lineage by hand."""

from __future__ import annotations

import pytest

from rtml.features import learn, surprises, windows
from rtml.testing.events import events, execs

USUAL = [("/bin/sh", "/usr/sbin/nginx", "/init"), ("/bin/ls", "/bin/sh", "/usr/sbin/nginx")] * 20


def score(chain: tuple[str, ...], history, container: str = "web-2") -> float:
    table, processes = execs(chain, container=container)
    row = windows(table, history, ["lineage"], processes=processes).row(0, named=True)
    return row["lineage.bits_max"]


@pytest.fixture(scope="module")
def history():
    return learn(*execs(*USUAL))


def test_surprise_by_hand(history):
    # Programs sh and ls, 20 runs each in one container: m = log2(21) = 4.392 each, V = 2.
    # sh under nginx is all that its chain ever led to; fleet and workload hold the same evidence:
    # both are as usual as each other: P(sh) = (8.785 + 2/3) / (8.785 + 2) = 0.8764, and
    # P(sh | chain) = (4.392 + 0.8764) / 5.392 = 0.9771
    assert score(USUAL[0], history) == pytest.approx(0.0334, abs=2e-3)


def test_a_new_child_is_stranger_than_a_known_one_under_a_new_parent(history):
    known = score(USUAL[1], history)
    moved = score(("/bin/ls", "/usr/bin/python3", "/init"), history)
    new = score(("/usr/bin/nc", "/bin/sh", "/usr/sbin/nginx"), history)
    assert known < moved < new


def test_a_usual_child_in_the_wrong_chain_is_strange(history):
    right, wrong = ("/bin/ls", "/bin/sh", "/usr/sbin/nginx"), ("/bin/sh", "/bin/sh", "/bin/sh")
    assert score(right, history) < 0.1 < 2 < score(wrong, history)


def test_depth_and_shells():
    table, processes = execs(
        ("/bin/sh", "/usr/sbin/nginx", "/init"),
        ("/bin/bash", "/bin/sh", "/usr/sbin/nginx", "/init"),
        ("/usr/bin/dash", "/usr/bin/python3.11", "/init"),
        ("/bin/sh", "/usr/sbin/nginx", "/init"),
    )
    row = windows(table, None, ["lineage"], processes=processes).row(0, named=True)
    assert row["lineage.depth_max"] == 3
    assert row["lineage.shell_under_service"] == 2
    assert row["lineage.bits_sum"] is None


def test_an_exec_without_a_process_or_a_path_is_no_crash(history):
    table = events([{"kind": "exec", "comm": "odd", "exe": None}, {"kind": "exec"}])
    row = windows(table, history, ["lineage"]).row(0, named=True)
    assert row["lineage.pairs"] == 1
    assert row["lineage.never_seen"] == 1


def test_generated_names_are_one_program(history):
    more = learn(*execs(*[(f"/tmp/job-{n}.sh", "/bin/sh", "/init") for n in range(9)]))
    table, processes = execs(("/tmp/job-77.sh", "/bin/sh", "/init"))
    found = surprises(table, processes, more, ["lineage"]).row(0, named=True)
    assert (found["key"], found["seen"]) == ("/tmp/job-#.sh", True)
    assert found["context"] == "web: /bin/sh < /init"
    assert found["root_id"] == 1
