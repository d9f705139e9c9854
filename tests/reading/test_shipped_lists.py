"""Lists with an object a line, cut ones, interleaved streams, heads that tools put before lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.findings.importing import read_alerts
from tests.captures.inventories import IDS, alert

LINES = [alert(second, IDS[second % 3]).strip() for second in range(4)]
AT = "2027-01-15T08:00:00Z"
BOM = b"\xef\xbb\xbf"


def interleaved(line: str) -> str:
    half = len(line) // 2
    return f"{AT} stdout P {line[:half]}\n{AT} stderr P no\n{AT} stdout F {line[half:]}\n{AT} stderr F ise\n"


WHOLE: dict[str, str] = {
    "a list, an object a line": "[\n" + ",\n".join(LINES) + "\n]\n",
    "a list that begins with an object": "[" + ",\n".join(LINES) + "]\n",
    "a printed list": json.dumps([json.loads(line) for line in LINES], indent=2),
    "kubectl logs --prefix": "".join(f"[pod/falco-x7k2p/falco] {line}\n" for line in LINES),
    "syslog as RFC 5424 has it": "".join(f"<13>1 {AT} node falco 1 - - {line}\n" for line in LINES),
    "Vector": "\n".join(
        json.dumps({"message": line, "source_type": "kubernetes_logs", "timestamp": AT}) for line in LINES
    ),
}
DAMAGED: dict[str, tuple[str, int]] = {
    "a list that does not end": ("[\n" + ",\n".join(LINES) + ",\n", 1),
    "two logs, the first a cut list": ("[\n" + ",\n".join(LINES[:2]) + ",\n" + "\n".join(LINES[2:]), 1),
    "a list one of whose objects is none": (
        "[\n" + ",\n".join([LINES[0], '{"rule": no}', *LINES[1:]]) + "\n]\n",
        1,
    ),
    "two streams": ("".join(map(interleaved, LINES)), 4),
}


def alerts(path: Path) -> tuple[int, int]:
    done = read_alerts(path, "falco")
    return done.alerts, done.rejects.height


def events(path: Path) -> tuple[int, int]:
    reading = SENSORS["falco"].read(path)
    return reading.events.height, reading.rejects.height


@pytest.mark.parametrize("read", [alerts, events])
@pytest.mark.parametrize("name", WHOLE)
def test_it_is_read_as_plain_lines_are(tmp_path: Path, read: Callable[[Path], tuple[int, int]], name: str):
    (tmp_path / "log").write_text(WHOLE[name])
    assert read(tmp_path / "log") == (len(LINES), 0)


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_whole_is_read_and_the_rest_refused(tmp_path: Path, name: str):
    text, refused = DAMAGED[name]
    (tmp_path / "log").write_text(text)
    assert alerts(tmp_path / "log") == (len(LINES), refused)
    assert events(tmp_path / "log")[0] == len(LINES)


def test_files_put_behind_one_another_keep_their_marks(tmp_path: Path):
    (tmp_path / "log").write_bytes(b"".join(BOM + line.encode() + b"\n" for line in LINES))
    assert alerts(tmp_path / "log") == events(tmp_path / "log") == (len(LINES), 0)
