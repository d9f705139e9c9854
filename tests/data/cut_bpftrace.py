"""Cut the bpftrace sample out of our recording: ``python -m tests.data.cut_bpftrace SITTING``.

SITTING is the folder of the lab's attack sitting as it was recorded. Lines are taken as they are
and in their order; six are added by hand (`ADDED`): a loss, which that sitting did not have, and
lines that a sensor must refuse.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.samples import DATA

BEGINNING = 6.0  # seconds in which the containers start
WHOLE = "2039"  # control group of web: its runtime's own first steps are kept, of others not
ATTACKS = {"a01", "a09"}  # a reverse shell, and a process that writes into another one
PYTHON = "/usr/lib/python3"  # hundreds of files that an interpreter opens as it starts

ADDED = {
    300: '{"type": "lost_events", "data": {"events": 41}}',
    400: '{"type": "printf", "data": "open\\u001f5563031308078\\u001f4619\\u001f46',
    500: "WARNING: the sensor was attached late",
    600: '{"type": "printf", "data": "mprotect\\u001f5563031308078\\u001f4619\\u001f4619\\u001f4609'
    '\\u001f0\\u001f2039\\u001f4026532689\\u001fnginx\\u001f0\\n"}',
    700: '{"type": "printf", "data": "open\\u001fsoon\\u001f4619\\u001f4619\\u001f4609\\u001f0'
    '\\u001f2039\\u001f4026532689\\u001fnginx\\u001f3\\u001f0\\u001f-100\\u001f/etc/hosts\\n"}',
    800: '{"type": "surprise", "data": {"events": 1}}',
}
"""Line number to the line that is put in there."""


def main(sitting: Path) -> None:
    """Write log, containers and labels of the sample."""
    labels = (sitting / "labels.jsonl").read_text("utf-8").splitlines(keepends=True)
    wanted = [line for line in labels if json.loads(line)["attack_id"] in ATTACKS]
    lines = list(chosen(sitting / "bpftrace.jsonl.gz", {p for a in wanted for p in _pids(a)}))
    for number, line in ADDED.items():
        lines.insert(number - 1, line + "\n")
    folder = DATA / "bpftrace"
    packed = gzip.compress("".join(lines).encode(), 9, mtime=0)
    (folder / "bpftrace.jsonl.gz").write_bytes(packed)
    (folder / "labels.jsonl").write_text("".join(wanted), "utf-8")
    shutil.copyfile(sitting / "sitting.json", folder / "sitting.json")


def chosen(log: Path, pids: set[int]) -> Iterator[str]:
    """Yield the lines of the beginning, and of the processes ``pids`` with their births."""
    with gzip.open(log, "rt", encoding="utf-8") as stream:
        for line in stream:
            record = json.loads(line)
            name, *rest = str(record["data"]).rstrip("\n").split("\x1f")
            if record["type"] != "printf" or name == "begin":
                begun = int(rest[0]) if rest else 0
                yield line
            elif int(rest[1]) in pids or (name == "fork" and int(rest[8]) in pids):
                yield line
            elif int(rest[0]) < begun + BEGINNING * 1e9 and _telling(rest):
                yield line


def _pids(label: str) -> list[int]:
    return list(json.loads(label)["pids"])


def _telling(rest: list[str]) -> bool:
    group, comm, last = rest[5], rest[7], rest[-1]
    return (group == WHOLE or not comm.startswith("runc:")) and not last.startswith(PYTHON)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
