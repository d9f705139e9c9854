"""Every family over captures of every sensor format: nothing crashes, nothing is silent."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.features import AUDIT_FAMILIES, FAMILIES, feature_columns, prequential, windows
from tests.conftest import SHARED
from tests.samples import shipped

LARGER = {"sysflow": "sysflow/proc_k8s_small.sf", "beth": "beth/*training*.csv"}
LONG = ("bpftrace", "sysflow", "beth", "k8s-audit")
INPUTS = {f"sample:{name}": list(shipped(name)) for name in SENSORS.own}
INPUTS |= {f"real:{n}": found for n, p in LARGER.items() if (found := sorted(SHARED.glob(p)))}


@pytest.mark.parametrize("source", INPUTS)
def test_windows_of_a_capture(tmp_path: Path, source: str):
    sensor = source.partition(":")[2]
    import_capture(sensor, INPUTS[source], tmp_path / "capture")
    capture = open_capture(tmp_path / "capture")
    families = AUDIT_FAMILIES if sensor == "k8s-audit" else FAMILIES
    table, baseline = prequential(capture, blocks=2, families=families, every="10s")
    everything = windows(capture, baseline, families, every="10s")
    names = [name for family in families.values() for name in family.columns]
    judged = bool(capture.manifest.containers) or sensor == "k8s-audit"  # whose windows are of users
    assert (table.height < everything.height) == judged
    if sensor in LONG:  # of the others all may lie in the first block
        assert table.height > 0
    assert feature_columns(everything) == sorted(names)
    values = everything.select(names)
    assert not any(values.null_count().row(0))
    assert values.select(pl.all().is_finite().all()).row(0) == (True,) * len(names)
    assert table.columns == everything.columns
