"""``python -m benchmarks.serving``: events over HTTP against the same bytes followed from a file.

A server in a process of its own takes a log of Falco in batches from a few clients on loopback; then
`follow` reads the same log. Both end with a capture of every event. CPU seconds of the two processes are
compared, their starts taken off; the rate of the server is what whatever else ran on this machine allowed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

__all__ = ["falco_log"]

_START = 1_798_793_100_000_000_000
_KINDS = ("open", "connect", "execve", "openat", "accept")


def falco_log(events: int) -> bytes:
    """Return lines of Falco's JSON output, 50,000 a second: 20 containers, 2,000 processes, some kinds.

    >>> [json.loads(line)["time"][-13:] for line in falco_log(2).splitlines()]
    ['00.000000000Z', '00.000020000Z']
    """
    fields = {
        "container.image.repository": "registry.example.org/shop/web",
        "k8s.ns.name": "shop",
        "proc.ppid": 1,
        "proc.name": "node",
        "proc.exepath": "/usr/bin/node",
        "proc.cmdline": "node server.js",
        "user.uid": 1000,
        "evt.rawres": 0,
    }
    row = {"hostname": "node-a", "output": "x", "priority": "Debug", "rule": "rtml", "source": "syscall"}
    head, tail = json.dumps(row)[:-1], json.dumps(fields)[1:]
    # The sensor reads this time: were it the same in all lines, nothing would ever be settled.
    return "".join(
        f'{head}, "time": "{_moment(n * 20_000)}", "output_fields": {{"evt.time": {_START + n * 20_000},'
        f' "evt.type": "{_KINDS[n % 5]}", "evt.num": {n}, "proc.pid": {1000 + n % 2000},'
        f' "container.id": "{n % 20:012x}", "container.name": "c{n % 20}",'
        f' "fd.name": "/srv/f{n % 997}", {tail}}}\n'
        for n in range(events)
    ).encode()


def _moment(nanoseconds: int) -> str:
    seconds, rest = divmod(_START + nanoseconds, 10**9)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _serve(out: Path, parts: list[bytes], clients: int) -> tuple[float, float]:
    """Send the parts; return seconds on the clock, and CPU seconds of the whole server."""
    command = [sys.executable, "-m", "rtml.cli", "capture", "serve", "--out", str(out), "--port", "0"]
    before = _children()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]

    def send(numbered: tuple[int, bytes]) -> int:
        headers = {"Idempotency-Key": str(numbered[0]), "Content-Type": "application/x-ndjson"}
        for _ in range(100):
            answer = client.post(address + "/v1/events?sensor=falco", content=numbered[1], headers=headers)
            if answer.status_code == 429:
                time.sleep(int(answer.headers["retry-after"]))
                continue
            answer.raise_for_status()
            return int(answer.json()["lines"])
        raise RuntimeError("the server stayed behind")

    with httpx.Client(timeout=120) as client, ThreadPoolExecutor(clients) as pool:
        send((-1, falco_log(1)))  # it has imported everything
        begin = time.perf_counter()
        list(pool.map(send, enumerate(parts)))
        seconds = time.perf_counter() - begin
    process.terminate()
    process.wait()
    process.stdout.close()
    return seconds, _children() - before


def _follow(log: Path, out: Path) -> float:
    command = [sys.executable, "-m", "rtml.cli", "capture", "follow", "falco", str(log), "--once"]
    before = _children()
    subprocess.run([*command, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _events(capture: Path) -> int:
    return int(json.loads((capture / "capture.json").read_text("utf-8"))["events"])


def main(
    events: Annotated[float, typer.Option(help="events of the log")] = 1e6,
    batch: Annotated[int, typer.Option(help="events of a batch")] = 5000,
    clients: Annotated[int, typer.Option(help="clients at the same time")] = 8,
) -> None:
    """Measure what taking events over HTTP costs beside following them."""
    raw = falco_log(int(events)).splitlines(keepends=True)
    parts = [b"".join(raw[at : at + batch]) for at in range(0, len(raw), batch)]
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log.jsonl"
        log.write_bytes(b"".join(raw))
        os.utime(log, (time.time() - 60, time.time() - 60))
        seconds, served = _serve(Path(place) / "served", parts, clients)
        followed = _follow(log, Path(place) / "followed")
        log_of_one = Path(place) / "one.jsonl"
        log_of_one.write_bytes(raw[0])
        start = _follow(log_of_one, Path(place) / "one")
        served, followed = served - start, followed - start
        taken = _events(Path(place) / "served/unknown/unknown/falco") - 1
        told = _events(Path(place) / "followed")
        size = log.stat().st_size
    lost = len(raw) - taken
    Console().print(
        f"{len(raw):,} events of Falco ({size / 1e6:.0f} MB) in batches of {batch:,}, {clients} clients\n"
        f"served    {served:.1f} CPU s, {len(raw) / served:,.0f} events a CPU second · lost {lost}"
        f" · {len(raw) / seconds:,.0f} events/s by the clock\n"
        f"followed  {followed:.1f} CPU s, {told / followed:,.0f} events a CPU second\n"
        f"ratio     {served / followed:.2f} times the CPU of following the same bytes from a file",
        highlight=False,
    )


if __name__ == "__main__":
    typer.run(main)
