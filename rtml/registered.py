"""What is registered with rtml, by name: one line each, and nothing is imported for it.

A new sensor, feature family, detector, data set or alert format of ours is one file and one line here.
Packages of others declare entry points instead (`rtml.registry`).
"""

from __future__ import annotations

__all__ = ["ALERTS", "AUDIT_FAMILIES", "DATASETS", "DETECTORS", "FAMILIES", "PACKS", "SENSORS"]

SENSORS = {
    "beth": "rtml.captures.sensors.beth.reading:SENSOR",
    "bpftrace": "rtml.captures.sensors.bpftrace.reading:SENSOR",
    "falco": "rtml.captures.sensors.falco.reading:SENSOR",
    "inspektor-gadget": "rtml.captures.sensors.inspektor_gadget.reading:SENSOR",
    "k8s-audit": "rtml.captures.sensors.k8s_audit.reading:SENSOR",
    "ocsf": "rtml.captures.sensors.ocsf.reading:SENSOR",
    "sysdig": "rtml.captures.sensors.sysdig.reading:SENSOR",
    "sysflow": "rtml.captures.sensors.sysflow.reading:SENSOR",
    "tetragon": "rtml.captures.sensors.tetragon.reading:SENSOR",
    "vpc-flow": "rtml.captures.sensors.vpc_flow.reading:SENSOR",
}
"""Sensor formats: `rtml.captures.sensors.SENSORS`."""

FAMILIES = {
    "lineage": "rtml.features.lineage:LINEAGE",
    "binaries": "rtml.features.binaries:BINARIES",
    "destinations": "rtml.features.destinations:DESTINATIONS",
    "files": "rtml.features.files:FILES",
    "calls": "rtml.features.calls:CALLS",
    "commands": "rtml.features.commands:COMMANDS",
    "dns": "rtml.features.dns:DNS",
    "beacon": "rtml.features.beacon:BEACON",
    "activity": "rtml.features.activity:ACTIVITY",
}
"""Feature families of containers, in the order of their columns: `rtml.features.FAMILIES`."""

AUDIT_FAMILIES = {"audit": "rtml.features.audit:AUDIT_FAMILY"}
"""Feature families of the Kubernetes audit log: `rtml.features.AUDIT_FAMILIES`."""

DETECTORS = {
    "fading_gaussian": "rtml.detectors.fading_gaussian:FadingGaussian",
    "flag_all": "rtml.detectors.flag_all:FlagAll",
    "half_space_trees": "rtml.detectors.half_space_trees:HalfSpaceTrees",
    "isolation_forest": "rtml.detectors.isolation_forest:IsolationForest",
    "largest_z": "rtml.detectors.largest_z:LargestZ",
    "pca_residual": "rtml.detectors.pca_residual:PcaResidual",
    "random": "rtml.detectors.random_scores:RandomScores",
    "rarity": "rtml.detectors.rarity:Rarity",
    "single_feature": "rtml.detectors.single_feature:SingleFeature",
    "surprise": "rtml.detectors.surprise:Surprise",
}
"""Detectors: `rtml.detectors.DETECTORS`."""

DATASETS = {
    "lab-v1": "rtml.datasets.sets.own:LAB",
    "replays-v1": "rtml.datasets.sets.own:REPLAYS",
    "cdl": "rtml.datasets.sets.cdl:CDL",
    "assuremoss": "rtml.datasets.sets.assuremoss:ASSUREMOSS",
    "lid-ds-2021": "rtml.datasets.sets.lid_ds:LID_DS",
    "adfa-ld": "rtml.datasets.sets.adfa_ld:ADFA_LD",
    "beth": "rtml.datasets.sets.beth:BETH",
    "sysflow": "rtml.datasets.sets.sysflow:SYSFLOW",
}
"""Data sets that detectors are compared on: `rtml.datasets.DATASETS`."""

ALERTS = {
    "falco": "rtml.findings.formats.falco:FALCO",
    "tetragon": "rtml.findings.formats.tetragon:TETRAGON",
    "tracee": "rtml.findings.formats.tracee:TRACEE",
}
"""Formats of alerts, by the engine that writes them: `rtml.findings.formats.FORMATS`."""

PACKS = {"container": "packs/container", "k8s-audit": "packs/k8s-audit"}
"""Rule packs, by folder below ``rtml/rules``."""
