"""Rules over the shipped sample of every sensor that can be followed: as the batch finds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.following.follow import Pulse
from rtml.captures.sensors import SENSORS
from rtml.findings.context import with_context
from rtml.findings.exports import EXPORTS
from rtml.rules.chosen import Chosen
from rtml.rules.fitting import packs_for
from rtml.rules.running.run import run_all
from rtml.watching.judges import Judges
from rtml.watching.watch import watch
from tests.samples import shipped
from tests.watching.shops import same, told

FILES = [
    pytest.param(name, file, id=f"{name}-{file.name}")
    for name in sorted(SENSORS)
    if SENSORS[name].lines is not None
    for file in shipped(name)
]


@pytest.mark.parametrize(("sensor", "file"), FILES)
def test_rules_over_a_sample_tell_what_the_batch_finds(sensor: str, file: Path, tmp_path: Path):
    for one in file.parent.iterdir():
        shutil.copy(one, tmp_path)
    log = tmp_path / file.name
    import_capture(sensor, [log], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    found = run_all(capture, Chosen(pack=packs_for(capture.manifest))).findings()
    found = with_context(found, capture.events(), capture.processes(), capture.audit())
    pulse = Pulse(seconds=1e9, events=20, once=True, sleep=0.01)
    watch(sensor, str(log), Judges(rules=Chosen()), EXPORTS["jsonl"], out=tmp_path / "f.jsonl", pulse=pulse)
    # Samples are out of order in places: `seq` says in which order events came.
    same(told(tmp_path / "f.jsonl"), found.sort("finding_id"), but=["evidence", "events"])
