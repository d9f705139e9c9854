"""A follower that is killed at any moment, again and again, loses nothing and repeats nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from rtml.captures import import_capture, open_capture
from tests.captures.following.logs import lines, log_in
from tests.captures.following.test_follow import command, same, to_the_end, wait_for

KILLS = int(os.environ.get("RTML_KILLS", "5"))


def test_killed_at_any_moment_it_loses_nothing_and_repeats_nothing(tmp_path: Path):
    chance, out = random.Random(KILLS), tmp_path / "c"
    log, all_lines = log_in(tmp_path), lines()
    step = len(all_lines) // KILLS + 1
    for begin in range(0, len(all_lines), step):
        process = subprocess.Popen(command(str(log), out), stdout=subprocess.DEVNULL)
        if not begin:
            wait_for(out, process)
        for piece in range(begin, begin + step, step // 4 + 1):
            with log.open("ab") as file:
                file.writelines(all_lines[piece : min(piece + step // 4 + 1, begin + step)])
            time.sleep(chance.uniform(0.01, 0.7))
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert open_capture(out).events().collect().height == open_capture(out).manifest.events
    to_the_end(log, out)
    (tmp_path / "again").mkdir()
    import_capture("bpftrace", [log_in(tmp_path / "again", b"".join(all_lines))], tmp_path / "whole")
    same(out, tmp_path / "whole")
