"""Files of each sensor: the samples that the tests ship, and larger ones where they are at hand."""

from __future__ import annotations

from pathlib import Path

from rtml.captures.sensors.recognise import beginning, recognise
from tests.conftest import SHARED

DATA = Path(__file__).parent / "data"
"""A folder per sensor; what each sample is and how it was made: ``data/README.md``."""

REAL = {
    "auditd": ("auditd_libaudit/testdata_out_of_order.log",),
    "beth": ("beth/bethsecure_labelled_training_data.csv",),
    "bpftrace": ("lab/attacks/bpftrace.jsonl.gz",),
    "falco": ("falco/alerts.jsonl",),
    "hubble": ("hubble/export.jsonl",),
    "inspektor-gadget": ("inspektor_gadget/events.jsonl",),
    "k8s-audit": ("k8s_audit/k8s_audit_create_configmap_sensitive_values.json",),
    "kubearmor": ("kubearmor/events.jsonl",),
    "kubescape": ("kubescape/alerts.jsonl.gz",),
    "laurel": ("lab/audit/laurel.audit.log.gz",),
    "ocsf": ("security_lake/1.0.0-rc.2_VPC_FLOW_example1.gz.parquet",),
    "sysdig": ("sysdig/setuid_setuid.jsonl.gz",),
    "sysflow": ("sysflow/alpine_alpine.sf",),
    "vpc-flow": ("security_lake/1.0.0-rc.2_VPC_FLOW_inputs_vpc_flow-input0.json.parquet",),
    "tetragon": ("tetragon/tetra_getevents.jsonl",),
    "tracee": ("tracee/events-flat.jsonl", "tracee/events-nested.jsonl"),
    "zeek": ("zeek/NASHUA_conn.log", "zeek/NASHUA_dns.log"),
}
"""Sensor to real output of others, below the folder that is not part of the repository."""


def shipped(sensor: str) -> tuple[Path, ...]:
    """Return the files in a sensor's folder that are of its format; what describes them is not."""
    return tuple(p for p in sorted((DATA / sensor).glob("*")) if recognise(beginning(p)) == sensor)


def samples(sensor: str) -> list[Path]:
    """Return the files of a sensor that are here: the samples always, real ones if present."""
    real = [SHARED / name for name in REAL.get(sensor, ())]
    return [*shipped(sensor), *(path for path in real if path.is_file())]
