"""What an intruder types into a shell."""

from __future__ import annotations

import subprocess

from rtml.replays.intruder import _type


def test_a_step_that_reads_takes_nothing_of_the_next_and_opens_no_file():
    shell = subprocess.Popen(
        ["sh", "-v"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for step in ("cat; echo first", "read line; echo second $line", "readlink /proc/self/fd/0"):
        _type(shell, step)
    said, typed = shell.communicate(timeout=30)
    first, second, stdin = said.splitlines()
    assert (first, second.strip()) == ("first", "second")
    assert stdin.startswith("pipe:")
    assert "/dev/null" not in typed
