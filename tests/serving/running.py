"""A server in a process of its own, with bounds as a test wants them, and lines for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TOKEN, OTHER = "a" * 32, "b" * 32
POLICY = """
tokens:
  - {name: shop, env: RTML_TEST_SHOP, accounts: ["111"], clusters: ["prod-*"]}
  - {name: bank, env: RTML_TEST_BANK, accounts: ["222", "team-*"], clusters: [one], sensors: [falco]}
"""
PROD = {"sensor": "falco", "account": "111", "cluster": "prod-1"}


def lines(count: int, first: int = 0, host: str = "node-a", **more: object) -> bytes:
    """Lines of Falco, each an exec of a process of its own."""
    rows = (
        {
            "hostname": host,
            "output": "x",
            "priority": "Debug",
            "rule": "rtml events",
            "source": "syscall",
            "time": "2027-01-01T08:45:00.002000000Z",
            "output_fields": {
                "evt.time": 1798793100000000000 + number * 1_000_000,
                "evt.num": number,
                "evt.type": "execve",
                "evt.rawres": 0,
                "container.id": "4f1c9d2b7a60",
                "proc.pid": 5000 + number,
                "proc.ppid": 1,
                "proc.name": "sh",
                "proc.exepath": "/bin/sh",
                "proc.cmdline": f"sh -c {number}",
                **more,
            },
        }
        for number in range(first, first + count)
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@dataclass
class Served:
    """A server that runs; ``out`` is where its captures are."""

    address: str
    out: Path
    process: subprocess.Popen[str]
    client: httpx.Client

    def post(
        self, raw: bytes, token: str | None = TOKEN, path: str = "/v1/events", **more: Any
    ) -> httpx.Response:
        """Send a batch for `PROD`, or for ``params``."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= more.pop("headers", {})
        return self.client.post(
            self.address + path, content=raw, params=more.pop("params", PROD), headers=headers, **more
        )


@contextmanager
def served(out: Path, policy: str | None = POLICY, **bounds: dict[str, float]) -> Iterator[Served]:
    """Run a server; ``limits`` and ``rhythm`` are those of `rtml.serving`."""
    import os

    tokens = out.parent / f"{out.name}-tokens.yml"
    if policy:
        tokens.write_text(policy)
    environment = {**os.environ, "RTML_TEST_SHOP": TOKEN, "RTML_TEST_BANK": OTHER}
    given = json.dumps({"out": str(out), "tokens": str(tokens) if policy else None, **bounds})
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.running", given],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, "the server did not start"
    with httpx.Client(timeout=60) as client:
        try:
            yield Served(address, out, process, client)
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()


def main(given: str) -> None:
    """Serve as `served` says."""
    from rtml.serving.app import Desk, application
    from rtml.serving.intake import Rhythm
    from rtml.serving.intakes import Intakes
    from rtml.serving.limits import Limits
    from rtml.serving.policy import Policy, read_policy
    from rtml.serving.server import Door, serve

    asked = json.loads(given)
    limits = Limits(**asked.get("limits", {}))
    policy = read_policy(Path(asked["tokens"])) if asked["tokens"] else Policy()
    intakes = Intakes(Path(asked["out"]), Rhythm(**asked.get("rhythm", {"seconds": 1})), limits.captures)

    def told(address: str) -> None:
        sys.stdout.write(address + "\n")
        sys.stdout.flush()

    serve(application(Desk(policy, limits, intakes)), Door(port=0), limits, told)


if __name__ == "__main__":
    main(sys.argv[1])
