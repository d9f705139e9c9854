"""The lab's sensor: `sensor.bt` under bpftrace, one log for each stretch of a sitting.

The script sees the whole machine; every probe lets pass only tasks below the pid namespace of the
lab itself, so what it reports happened in the lab's containers.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.clock import Stamp, stamp
from rtml.replays.reading import HERE

__all__ = ["Sensor", "pid_depth", "script"]

_TRACEPOINT = re.compile(r"tracepoint:(\w+):(\w+)")
_EVENTS = Path("/sys/kernel/tracing/events")
_PATIENCE = 30.0


def script(level: int, events: Path = _EVENTS) -> str:
    """Return the sensor's program for this kernel.

    Parameters
    ----------
    level
        Depth of the pid namespace to stay below: tasks at this depth or above are not reported.
    events
        Folder of the kernel's tracepoints; probes on absent ones are left out.
    """
    text = (HERE / "sensor.bt").read_text("utf-8").replace("level > 0", f"level > {level}")
    blocks = text.split("\n\n")
    return "\n\n".join(kept for block in blocks if (kept := _present(block, events)))


def _present(block: str, events: Path) -> str:
    """Drop absent tracepoints from the head of a block; nothing when none is left."""
    head, brace, body = block.partition("\n{")
    probes = _TRACEPOINT.findall(head)
    if not probes:
        return block
    known = [f"tracepoint:{g}:{n}" for g, n in probes if (events / g / n).is_dir()]
    if not known:
        return ""
    guard = re.search(r" /.*/\s*$", head, re.DOTALL)
    return ",\n".join(known) + (guard.group() if guard else "") + brace + body


def pid_depth() -> int:
    """Depth of this process' pid namespace as the kernel counts it; 0 is the machine's own."""
    task = "((struct task_struct *)curtask)"
    ask = f'BEGIN {{ printf("depth %d\\n", {task}->thread_pid->level); exit(); }}'
    done = subprocess.run(
        ["bpftrace", "-e", ask], capture_output=True, text=True, errors="replace", check=False
    )
    found = re.search(r"depth (\d+)", done.stdout)
    if found is None:
        raise RtmlError(f"bpftrace does not run here: {done.stderr.strip()[-300:]}")
    return int(found.group(1))


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
        program.write_text(script(pid_depth()))
        environment = {
            **os.environ, "BPFTRACE_STRLEN": "168", "BPFTRACE_PERF_RB_PAGES": str(pages),
            "BPFTRACE_MAP_KEYS_MAX": "16384",
        }  # fmt: skip
        errors = out.with_suffix(".err")
        with errors.open("wb") as stream:
            process = subprocess.Popen(
                ["bpftrace", "-f", "json", "-o", str(out), str(program)], env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream,
            )  # fmt: skip
        return cls(process, out, pages, stamp(), errors)

    def wait_until_ready(self) -> None:
        """Wait until every probe is attached; an error says what bpftrace said."""
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
        if not self.ended():
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
