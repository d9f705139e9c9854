"""The lab's sensor: `sensor.bt` under bpftrace, one log for each stretch of a sitting.

A kernel probe sees the whole machine; every probe here lets pass only tasks in pid namespaces made
below the lab's own. Other containers of the machine, other labs too, are not reported.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.clock import Stamp, stamp
from rtml.replays.reading import HERE

__all__ = ["Sensor", "pid_depth", "script"]

_TRACEPOINT = re.compile(r"tracepoint:(\w+):(\w+)")
_EVENTS = Path("/sys/kernel/tracing/events")
_TASK = "((struct task_struct *)curtask)"
_ANYWHERE = f"{_TASK}->thread_pid->level > 0"
_PRIORITY = -15  # of -20 to 19; it takes a tenth of a processor
_PATIENCE = 120.0  # compiling takes two seconds, and a minute where others need the machine


def script(level: int, namespace: int, events: Path = _EVENTS) -> str:
    """Return the sensor's program for this kernel and this lab.

    Parameters
    ----------
    level
        Depth of the lab's pid namespace: tasks at this depth or above are not reported.
    namespace
        Its inode number: it must be parent or grandparent of a reported task's namespace.
    events
        Folder of the kernel's tracepoints; probes on absent ones are left out.
    """
    text = (HERE / "sensor.bt").read_text("utf-8")
    text = text.replace(_ANYWHERE, f"({_TASK}->thread_pid->level > {level} && {_below(namespace)})")
    blocks = text.split("\n\n")
    return "\n\n".join(present for block in blocks if (present := _present(block, events)))


def _below(namespace: int) -> str:
    parent = f"{_TASK}->nsproxy->pid_ns_for_children->parent"
    return f"({parent}->ns.inum == {namespace} || {parent}->parent->ns.inum == {namespace})"


def _present(block: str, events: Path) -> str:
    """Drop absent tracepoints from the head of a block; nothing when none is left."""
    head, brace, body = block.partition("\n{")
    probes = _TRACEPOINT.findall(head)
    if not probes:
        return block
    present = [f"tracepoint:{g}:{n}" for g, n in probes if (events / g / n).is_dir()]
    if not present:
        return ""
    guard = re.search(r" /.*/\s*$", head, re.DOTALL)
    return ",\n".join(present) + (guard.group() if guard else "") + brace + body


def pid_depth() -> int:
    """Depth of this process' pid namespace as the kernel counts it; 0 is the machine's own."""
    ask = f'BEGIN {{ printf("depth %d\\n", {_TASK}->thread_pid->level); exit(); }}'
    done = subprocess.run(
        ["bpftrace", "-e", ask], capture_output=True, text=True, errors="replace", check=False
    )
    match = re.search(r"depth (\d+)", done.stdout)
    if match is None:
        raise RtmlError(f"bpftrace does not run here: {done.stderr.strip()[-300:]}")
    return int(match.group(1))


@dataclass
class Sensor:
    """One bpftrace process: `wait_until_ready`, `stop`, CPU seconds it took."""

    process: subprocess.Popen[bytes]
    log: Path
    pages: int
    began: Stamp
    errors: Path

    @classmethod
    def start(cls, folder: Path, out: Path, pages: int) -> Sensor:
        """Start it; ``pages`` is the size of the ring buffer of each CPU (a power of two)."""
        program = folder / "sensor.bt"
        program.write_text(script(pid_depth(), os.stat("/proc/self/ns/pid").st_ino))
        environment = {
            **os.environ,
            "BPFTRACE_STRLEN": "168",
            "BPFTRACE_PERF_RB_PAGES": str(pages),
            "BPFTRACE_MAP_KEYS_MAX": "16384",
        }
        errors = out.with_suffix(".err")
        with errors.open("wb") as stream:
            process = subprocess.Popen(
                ["bpftrace", "-f", "json", "-o", str(out), str(program)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
            )
        _before_others(process.pid)
        return cls(process, out, pages, stamp(), errors)

    def wait_until_ready(self) -> None:
        """Wait until every probe is attached; an error holds bpftrace's message."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self.ended():
                raise RtmlError(f"the sensor ended at its start: {self.words()}")
            if self.log.exists() and b"begin\\u001f" in self.log.read_bytes()[:4096]:
                time.sleep(0.5)
                return
            time.sleep(0.1)
        raise RtmlError(f"the sensor was not ready after {_PATIENCE:g} s: {self.words()}")

    def ended(self) -> bool:
        """Tell whether the process has ended."""
        return self.process.poll() is not None

    def words(self) -> str:
        """Return the last words on its error output."""
        lines = self.errors.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-2:]) or "no message"

    def cpu_seconds(self) -> float:
        """CPU time of the process so far (the probes themselves run on the account of others)."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it so that it writes out what it holds."""
        end(self.process, signal.SIGINT, _PATIENCE)


def _before_others(pid: int) -> None:
    """Let the sensor run before what it watches: where it waits for a processor, its buffer runs over."""
    with suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, _PRIORITY)


def end(process: subprocess.Popen[bytes], by: signal.Signals, patience: float) -> None:
    """Ask a process to end, if it has not, and after so many seconds make it."""
    process.send_signal(by)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
