"""A budget of time per kilobyte for every reader, whatever the text is: nothing small runs for minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures import open_capture
from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from rtml.evaluation import read_labels
from rtml.findings.formats import FORMATS
from rtml.findings.importing import read_alerts
from rtml.findings.reading import read_findings
from rtml.findings.suppression.files import read_suppressions
from rtml.rules.falco.loading import load_falco
from rtml.rules.intelligence import load_intelligence
from rtml.rules.sigma.loading import load as load_sigma
from tests.captures.test_beth_damage import HEADER

SIZE = 60_000
SECONDS_PER_KILOBYTE = 0.06  # of this machine's processor: a hundred times what ordinary text takes
BODIES: dict[str, str] = {
    "brackets": "{" * SIZE,
    "lists": "[" * SIZE,
    "lists that close": "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "lists in lines": "[\n" * (SIZE // 2),
    "objects in lines": '{"a":\n' * (SIZE // 6),
    "objects that end nowhere": '{"a": 1, ' * (SIZE // 9),
    "objects side by side": '{"a": 1}' * (SIZE // 8),
    "quotes": '"' * SIZE,
    "single quotes": "'" * SIZE,
    "backslashes": "\\" * SIZE,
    "escapes": "\\ud83d" * (SIZE // 6),
    "half an escape": "\\x5" * (SIZE // 4),
    "separators": "\x1f" * SIZE,
    "one long word": "a" * SIZE,
    "commas": "," * SIZE,
    "blanks": " " * (SIZE - 1) + "x",
    "line ends": "\r\n" * (SIZE // 2),
    "digits": "9" * SIZE,
    "dots": "a." * (SIZE // 2),
    "colons": "a: " * (SIZE // 3),
    "dashes": "- " * (SIZE // 2),
    "opening parentheses": "(" * SIZE,
    "alternatives": "a OR " * (SIZE // 5),
    "negations": "not " * (SIZE // 4),
    "runtime's prefixes": "2027-01-15T08:00:00Z stdout P {" * (SIZE // 31),
    "arguments": "{'name': 'a', 'type': 'b', 'value': ['" * (SIZE // 38),
}


def sensor(name: str) -> Callable[[Path, str], None]:
    head = {"beth": HEADER + "\n1,", "bpftrace": ""}.get(name, "")
    tail = '"}' if name == "bpftrace" else ""

    def read(folder: Path, body: str) -> None:
        (folder / "log").write_text(f"{head}{body}{tail}", newline="")
        SENSORS[name].read(folder / "log")

    return read


def in_printf(folder: Path, body: str) -> None:
    data = f"open\x1f1\x1f2\x1f2\x1f1\x1f0\x1f1\x1f1\x1f{body}"
    lines = [
        json.dumps({"type": "printf", "data": text})
        for text in ("fork\x1f1\x1f2\x1f2\x1f1\x1f0\x1f1\x1f1\x1fa\x1f3", data)
    ]
    (folder / "log").write_text("\n".join(lines))
    SENSORS["bpftrace"].read(folder / "log")


def alerts(name: str) -> Callable[[Path, str], None]:
    def read(folder: Path, body: str) -> None:
        (folder / "log").write_text(body, newline="")
        read_alerts(folder / "log", name)

    return read


def in_an_envelope(folder: Path, body: str) -> None:
    (folder / "log").write_text(
        json.dumps({"log": body, "stream": "stdout"}) + "\n" + json.dumps({"log": body})
    )
    read_alerts(folder / "log", "falco")


def labels(ending: str) -> Callable[[Path, str], None]:
    def read(folder: Path, body: str) -> None:
        head = "attack_id,container_id,start,end\n" if ending == ".csv" else ""
        (folder / f"labels{ending}").write_text(head + body, newline="")
        read_labels(folder / f"labels{ending}")

    return read


def a_list(kind: str, inside: Callable[[str], str] = str) -> Callable[[Path, str], None]:
    def read(folder: Path, body: str) -> None:
        (folder / "list").write_text(inside(body), newline="")
        one = {"name": "n", "file": "list", "category": "tor", "format": kind, "may_be_empty": True}
        (folder / "lists.yml").write_text(json.dumps({"lists": [one]}))
        load_intelligence([folder / "lists.yml"])

    return read


def pattern(body: str) -> str:
    return json.dumps({"type": "bundle", "objects": [{"type": "indicator", "pattern": f"[{body}]"}]})


def file(
    name: str, reader: Callable[[Path], object], inside: Callable[[str], str] = str
) -> Callable[[Path, str], None]:
    def read(folder: Path, body: str) -> None:
        (folder / name).write_text(inside(body), newline="")
        reader(folder / name)

    return read


def condition(body: str) -> str:
    return f"- rule: r\n  priority: NOTICE\n  condition: {json.dumps(body)}\n"


def detection(body: str) -> str:
    return (
        "title: t\nlogsource: {category: process_creation, product: linux}\n"
        f"detection: {{s: {{CommandLine: {json.dumps(body)}}}, condition: s}}\n"
    )


READERS: dict[str, Callable[[Path, str], None]] = {
    **{f"sensor {name}": sensor(name) for name in SENSORS.own},
    "a line of bpftrace": in_printf,
    **{f"alerts of {name}": alerts(name) for name in FORMATS.own},
    "an envelope": in_an_envelope,
    "labels as CSV": labels(".csv"),
    "labels as JSON": labels(".jsonl"),
    **{f"list {kind}": a_list(kind) for kind in ("plain", "csv", "json", "stix")},
    "a pattern of STIX": a_list("stix", pattern),
    "rules of Falco": file("r.yaml", lambda path: load_falco([path])),
    "a condition of Falco": file("r.yaml", lambda path: load_falco([path]), condition),
    "rules of Sigma": file("r.yml", lambda path: load_sigma([path])),
    "a value of Sigma": file("r.yml", lambda path: load_sigma([path]), detection),
    "suppressions": file("s.yml", read_suppressions),
    "findings": file("f.jsonl", read_findings),
    "a manifest": file("capture.json", lambda path: open_capture(path.parent)),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("reader", READERS)
def test_no_text_takes_long(tmp_path: Path, reader: str, body: str):
    begin = time.process_time()
    try:
        READERS[reader](tmp_path, BODIES[body])
    except RtmlError:
        pass
    taken = time.process_time() - begin
    assert taken < SECONDS_PER_KILOBYTE * SIZE / 1000, f"{taken:.1f} s"
