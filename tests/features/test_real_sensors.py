"""Every family over captures of every real sensor format: nothing crashes, nothing is silent."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.features import FAMILIES, feature_columns, prequential, windows

INPUTS = {"sysflow": ["sysflow/proc_k8s_small.sf"], "beth": ["beth/*training*.csv"]}


@pytest.mark.parametrize("sensor", INPUTS)
def test_windows_of_a_real_capture(shared: Path, tmp_path: Path, sensor: str):
    files = sorted(path for name in INPUTS[sensor] for path in shared.glob(name))
    if not files:
        pytest.skip(f"no {sensor} files in {shared}")
    import_capture(sensor, files, tmp_path / "capture")
    capture = open_capture(tmp_path / "capture")
    table, baseline = prequential(capture, blocks=2, every="10s")
    everything = windows(capture, baseline, every="10s")
    names = [name for family in FAMILIES.values() for name in family.columns]
    assert feature_columns(everything) == sorted(names)
    values = everything.select(names)
    assert not any(values.null_count().row(0))
    assert values.select(pl.all().is_finite().all()).row(0) == (True,) * len(names)
    assert table.columns == everything.columns
