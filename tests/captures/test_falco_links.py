"""Links as Falco tells them: one name is what there was, the other is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS


@pytest.mark.parametrize(
    "told",
    [
        {"evt.type": "symlink", "fs.path.source": "/tmp/l", "fs.path.target": "/etc/passwd"},
        {"evt.type": "linkat", "fs.path.source": "/tmp/l", "fs.path.target": "/etc/passwd"},
        {"evt.type": "symlink", "evt.args": "res=0 target=/etc/passwd linkpath=/tmp/l"},
        {"evt.type": "link", "evt.args": "res=0 oldpath=/etc/passwd newpath=/tmp/l"},
        {"evt.type": "rename", "fs.path.source": "/etc/passwd", "fs.path.target": "/tmp/l"},
    ],
)
def test_the_new_name_of_a_link_is_where_it_leads_from(told: dict[str, str], tmp_path: Path):
    fields = {"container.id": "0123456789ab", "proc.pid": 7, "proc.name": "ln", **told}
    alert = {"time": "2027-01-01T00:00:00Z", "rule": "r", "priority": "Notice", "hostname": "h"}
    alert |= {"source": "syscall", "output": "o", "output_fields": fields}
    (tmp_path / "log").write_text(json.dumps(alert) + "\n")
    event = SENSORS["falco"].read(tmp_path / "log").events.row(0, named=True)
    assert (event["path"], event["path_to"]) == ("/etc/passwd", "/tmp/l")
