"""Files of each sensor: the samples that the tests ship, and larger ones where they are at hand."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import SHARED

DATA = Path(__file__).parent / "data"
"""What each sample is and how it was made: ``data/README.md``."""

SAMPLES = {
    "beth": ("beth/processes.csv", "beth/processes-short.csv", "beth/dns.csv"),
    "bpftrace": ("bpftrace/bpftrace.jsonl.gz",),
    "k8s-audit": ("k8s-audit/audit.jsonl",),
    "sysflow": ("sysflow/shop.sf",),
}
"""Sensor to its samples, below `DATA`; a new sensor adds its own here."""

REAL = {
    "beth": ("beth/bethsecure_labelled_training_data.csv",),
    "bpftrace": ("lab/attacks/bpftrace.jsonl.gz",),
    "k8s-audit": ("k8s_audit/k8s_audit_create_configmap_sensitive_values.json",),
    "sysflow": ("sysflow/alpine_alpine.sf",),
}
"""Sensor to real output of others, below the folder that is not part of the repository."""


def samples(sensor: str) -> list[Path]:
    """Return the files of a sensor that are here: the samples always, real ones if present."""
    real = [SHARED / name for name in REAL.get(sensor, ())]
    return [DATA / name for name in SAMPLES[sensor]] + [path for path in real if path.is_file()]
