"""Files, calls and activity by hand."""

from __future__ import annotations

import pytest

from rtml.features import learn, surprises, windows
from rtml.testing.events import events


def opened(path: str, **more) -> dict[str, object]:
    return {"kind": "open", "exe": "/usr/bin/python3", "path": path, "result": 3, **more}


def keys(rows, history) -> dict[str, bool]:
    found = surprises(events(rows), None, history)
    return dict(found.select("key", "seen").iter_rows())


@pytest.fixture(scope="module")
def history():
    return learn(events([opened("/etc/resolv.conf"), opened("/srv/app.py"), opened("/tmp/a", wrote=True)]))


def test_reading_and_writing_are_kept_apart(history):
    found = keys([opened("/etc/resolv.conf"), opened("/etc/resolv.conf", wrote=True)], history)
    assert found == {"read /etc/resolv.conf": True, "write /etc/resolv.conf": False}


def test_files_that_are_not_there_do_not_count(history):
    row = windows(events([opened("/etc/nope", result=-2)]), history, ["files"]).row(0, named=True)
    assert row["files.pairs"] == 0


def test_refused_is_a_key_of_its_own(history):
    rows = [opened("/etc/resolv.conf", result=-13), opened("/etc/shadow", result=-1)]
    assert set(keys(rows, history)) == {"refused read /etc/resolv.conf", "refused read /etc/shadow"}
    assert windows(events(rows), history, ["files"]).row(0, named=True)["files.refused"] == 2


def test_renames_and_links_count_where_they_lead(history):
    rows = [
        {"kind": "rename", "exe": "/bin/mv", "path": "/tmp/x", "path_to": "/etc/cron.d/job"},
        {"kind": "unlink", "exe": "/bin/rm", "path": "/var/log/nginx/access.log"},
    ]
    assert set(keys(rows, history)) == {"rename /etc/cron.d/job", "unlink /var/log/nginx/access.log"}


def test_null_results_count_as_success(history):
    assert keys([opened("/srv/app.py", result=None)], history) == {"read /srv/app.py": True}


def test_calls_keep_the_detail_that_matters(history):
    rows = [
        {"kind": "dup", "request": "0", "exe": "/bin/sh"},
        {"kind": "mount", "path": "/proc/4711/root", "exe": "/bin/sh"},
        {"kind": "bind", "src_ip": "0.0.0.0", "src_port": 4444, "exe": "/bin/sh"},
        {"kind": "bind", "src_ip": "0.0.0.0", "src_port": 41231, "exe": "/bin/sh"},
        {"kind": "connect", "socket_path": "/var/run/docker.sock", "exe": "/bin/sh"},
        {"kind": "syscall", "request": "keyctl", "exe": "/bin/sh", "path": "/x/4/y"},
    ]
    frame = events(rows)
    found = surprises(frame, None, learn(frame), ["calls"])
    assert set(found["key"]) == {
        "dup 0",
        "mount /proc/#/root",
        "bind 4444",
        "bind high",
        "connect socket /var/run/docker.sock",
        "syscall keyctl",
    }


def test_only_setuid_bits_make_a_chmod_a_call():
    rows = [{"kind": "chmod", "path": "/tmp/x", "mode": mode} for mode in (0o755, 0o4755, None)]
    frame = events([{**row, "exe": "/bin/chmod"} for row in rows])
    found = surprises(frame, None, learn(frame), ["calls"])
    assert found["key"].to_list() == ["chmod setuid"]


def test_powerful_counts_distinct_requests():
    rows = [{"kind": "setns", "request": r} for r in ("mnt", "mnt", "pid")] + [{"kind": "dup"}]
    row = windows(events(rows), None, ["calls"]).row(0, named=True)
    assert row["calls.powerful"] == 2


def test_activity_by_hand():
    rows = [
        {"kind": "open", "seconds": 0, "result": -13, "count": 4},
        {"kind": "open", "seconds": 1, "result": 0},
        {"kind": "exec", "seconds": 31},
    ]
    table = windows(events(rows), None, ["activity"], every="30s")
    assert table["events"].to_list() == [5, 1]
    columns = [f"activity.{name}" for name in ("open", "exec", "all", "failed", "kinds")]
    assert table.select(columns).rows() == [(10, 0, 10, 8, 1), (0, 2, 2, 0, 1)]
