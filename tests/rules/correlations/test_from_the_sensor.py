"""From lines as the kernel sensor prints them to findings, all through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtml.rules.correlations import CORRELATIONS
from tests.test_cli import rtml

SECOND = 10**9
READ, WRITE = 0o2000000, 0o1101  # read only and close-on-exec; write, create, truncate


def address(port: int) -> str:
    """Return socket address bytes of 10.99.0.14, as the sensor escapes them."""
    return rf"\x02\x00\x{port >> 8:02x}\x{port & 255:02x}\x0ac\x00\x0e" + r"\x00" * 8


def log(path: Path, *events: tuple[int, int, int, str, list[object]]) -> None:
    """Write (pid, ppid, uid, name, rest) as the sensor's JSON lines, a second apart."""
    lines = []
    for i, (pid, ppid, uid, name, rest) in enumerate(events):
        pieces = [(name, rest)]
        if name == "exec":
            exe, *argv = (str(word) for word in rest)
            text = r"\x00".join(argv or [exe]) + r"\x00"
            pieces = [("exec", [(i + 1) * SECOND, exe]), ("argv", [len(text), text])]
        for shift, (kind, fields) in enumerate(pieces):
            head = [kind, (i + 1) * SECOND + shift, pid, pid, ppid, uid, 77, 4026, "x"]
            data = "\x1f".join(map(str, [*head, *fields])) + "\n"
            lines.append(json.dumps({"type": "printf", "data": data}))
    path.write_text("\n".join(lines))


STORY = [
    (20, 1, 0, "exec", ["/usr/bin/python3", "python3", "x.py"]),
    (20, 1, 0, "connect", [-115, 3, address(4444)]),
    *((20, 1, 0, "dup", [3, n]) for n in range(3)),
    (20, 1, 0, "fork", [21]),
    (21, 20, 0, "exec", ["/bin/sh", "sh", "-i"]),
    (30, 1, 0, "chmod", [0o4755, "/tmp/rootsh"]),
    (31, 1, 1000, "exec", ["/tmp/rootsh", "rootsh", "-p"]),
    (40, 1, 33, "exec", ["/tmp/e", "e"]),
    (40, 1, 0, "sys", [105, 0]),
    (50, 1, 0, "exec", ["/usr/bin/curl", "curl"]),
    (50, 1, 0, "open", [4, WRITE, -100, "/etc/ld.so.preload"]),
    (50, 1, 0, "open", [4, WRITE, -100, "/tmp/i.sh"]),
    (50, 1, 0, "open", [4, WRITE, -100, "/usr/lib/x.so.1"]),
    (51, 1, 0, "exec", ["/bin/bash", "bash", "/tmp/i.sh"]),
    (51, 1, 0, "open", [3, READ, -100, "/usr/lib/x.so.1"]),
    (52, 1, 0, "exec", ["/tmp/i.sh", "/tmp/i.sh"]),
    (60, 1, 0, "exec", ["/usr/bin/node", "node"]),
    (60, 1, 0, "listen", [5]),
    (60, 1, 0, "open", [4, WRITE, -100, "/srv/run.php"]),
    (60, 1, 0, "fork", [61]),
    (61, 60, 0, "exec", ["/bin/bash", "bash", "-i"]),
    *((70, 1, 0, "connect", [-111, 3, address(1000 + n)]) for n in range(16)),
    *(
        (80 + n, 70, 0, "exec", [f"/usr/bin/{name}", name])
        for n, name in enumerate(("whoami", "id", "uname", "ps", "who", "w", "df", "lscpu"))
    ),
]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    folder = tmp_path_factory.mktemp("sensor")
    log(folder / "bpftrace.jsonl", *STORY)
    done = rtml("capture", "import", "bpftrace", folder / "bpftrace.jsonl", "--out", folder / "c")
    assert done.returncode == 0, done.stderr
    shown = rtml("rules", folder / "c", "--json")
    assert shown.returncode == 0, shown.stderr
    return {row["rule"]: row for row in json.loads(shown.stdout)["rules"]}


@pytest.mark.parametrize("one", CORRELATIONS, ids=lambda one: one.name)
def test_what_the_sensor_prints_completes_the_sequence(one, account):
    row = account[one.id]
    assert (row["could_match"], row["why_not"]) == (True, None)
    assert row["hits"] >= 1
