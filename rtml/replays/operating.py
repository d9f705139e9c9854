"""Benign operators: they type into a shell in a container, or run one command by exec."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
from typing import Any

from rtml.replays.clock import stamp
from rtml.replays.containers import Container, Podman
from rtml.replays.contract import Action
from rtml.replays.marks import end_marked

__all__ = ["act"]


def act(
    action: Action, container: Container, podman: Podman, mark: str, stopping: threading.Event
) -> dict[str, Any]:
    """Do one action and return what the log says of it: what, command, times, output."""
    typed = random.Random(mark).random() < 0.5
    user = action.user if action.user is not None else container.workload.user
    words = [random.Random(mark).choice(["sh", "bash"])] if typed else ["sh", "-c", action.run]
    begin = stamp()
    shell = podman.enter(container.name, words, user, mark)
    parts = [part.strip() for part in action.run.split(";")] if typed else []
    assert shell.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        for part in parts:
            shell.stdin.write(f"{part}\n")
            shell.stdin.flush()
            stopping.wait(random.uniform(0.3, 1.5))
    try:
        output, _ = shell.communicate(timeout=action.seconds)
    except subprocess.TimeoutExpired:
        end_marked(mark)
        output, _ = shell.communicate()
    end_marked(mark)
    return {
        "action": action.what,
        "cmd": action.run,
        "typed": typed,
        "start": begin,
        "end": stamp(),
        "output": output[-300:],
    }
