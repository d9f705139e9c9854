"""Paths as keys: what is folded before counting, and what must never be."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.features.paths import normalise, path_key


def keys(*paths: str) -> list[str]:
    return pl.DataFrame({"p": paths}).select(path_key(pl.col("p")))["p"].to_list()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/proc/1/maps", "/proc/31337/maps"),
        ("/proc/7/task/8/stat", "/proc/9/task/10/stat"),
        ("/var/log/app-1.log", "/var/log/app-22.log"),
        ("/var/lib/docker/overlay2/3b1f0a9c7d5e/x", "/var/lib/docker/overlay2/77aa00bb11cc/x"),
        ("/run/0f8fad5b-d9cb-469f-a165-70867728950e/s", "/run/7c9e6679-7425-40de-944b-e07fc1f90ae7/s"),
        ("/usr/lib/python3.11/os.py", "/usr/lib/python3.12/os.py"),
        ("/srv/shop-7f9c4d8b5/log", "/srv/shop-5d6e7f8a9/log"),
        ("/usr/bin/x (deleted)", "/usr/bin/x"),
        ("/etc//passwd", "/etc/./passwd"),
    ],
)
def test_what_a_history_cannot_teach_is_one_key(one, other):
    first, second = keys(one, other)
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/etc/passwd", "/etc/shadow"),
        ("/proc/self/environ", "/proc/self/maps"),
        ("/root/.ssh/id_rsa", "/root/.bashrc"),
        ("/var/run/secrets/kubernetes.io/serviceaccount/token", "/var/run/docker.sock"),
        ("/usr/share/nginx/html/index.html", "/usr/share/nginx/html/shell.php"),
        ("/tmp/x", "/tmp/.x"),
        ("/tmp/x", "/dev/shm/x"),
        ("/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory.max"),
        ("/home/user/.aws/credentials", "/home/user/notes"),
        ("/dev/sda", "/dev/null"),
        ("/usr/lib/python3.11/os.py", "/usr/lib/python3.11/re.py"),
        ("/tmp/dpkg.Qnuf7c", "/tmp/dpkg.cjofzl"),
    ],
)
def test_what_carries_meaning_stays_apart(one, other):
    first, second = keys(one, other)
    assert first != second


def test_names_are_stable_under_a_second_pass():
    paths = ["/proc/1/maps", "/tmp/tmp.AbCdEf1234", "/etc/passwd", "/srv/a-1.log", "/a b/\n"]
    frame = pl.DataFrame({"p": paths})
    once = frame.select(normalise(pl.col("p")))
    assert once.select(normalise(pl.col("p"))).equals(once)


def test_huge_and_odd_paths():
    found = keys("/" + "x" * 10**6, "/" * 10**5, "\x00\x1b\n", "a" * 5000)
    assert all(len(path) <= 4200 for path in found)
    assert not any("\n" in path or "\x1b" in path for path in found)
