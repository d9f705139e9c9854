"""The sensor that CONTRIBUTING.md shows is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rtml.testing import check_sensor
from tests.conftest import REPOSITORY

LINES = """{"ts": "2027-01-01T00:00:00Z", "event": {"syscall": "openat", "file": "/a"}, "proc": {"pid": 7}}
{"timestamp": 1798761601, "syscall": "kill", "pid": 7, "containerId": "0123456789ab"}
{"timestamp": 1798761602, "syscall": "heartbeat", "pid": 7}
{"ts": "soon", "event": {"syscall": "openat"}, "proc": {"pid": 8}}
"""


def test_the_example_of_a_sensor_holds_every_law(tmp_path: Path):
    text = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?SENSOR = .*?)```", text, re.DOTALL)
    place: dict[str, Any] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), place)
    (tmp_path / "toy.jsonl").write_text(LINES)
    reading = place["SENSOR"].read(tmp_path / "toy.jsonl")
    assert reading.events["kind"].to_list() == ["open", "kill"]
    assert (reading.rejects["reason"].to_list(), dict(reading.beside)) == (["no time"], {"a sign of life": 1})
    check_sensor(place["SENSOR"], [tmp_path / "toy.jsonl"])
