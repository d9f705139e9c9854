"""What is registered with rtml, by name: one line each, and nothing is imported for it.

A new sensor, feature family, detector, data set, alert or export format is one file and one line here.
Packages of others declare entry points instead (`rtml.registry`).
"""

from __future__ import annotations

__all__ = [
    "ALERTS",
    "AUDIT_FAMILIES",
    "DATASETS",
    "DETECTORS",
    "ENGINES",
    "EXPORTS",
    "FAMILIES",
    "PACKS",
    "SENSORS",
    "SINKS",
]

SENSORS = {
    "auditd": "rtml.captures.sensors.auditd.reading:SENSOR",
    "beth": "rtml.captures.sensors.beth.reading:SENSOR",
    "bpftrace": "rtml.captures.sensors.bpftrace.reading:SENSOR",
    "ecs": "rtml.captures.sensors.ecs.reading:SENSOR",
    "falco": "rtml.captures.sensors.falco.reading:SENSOR",
    "hubble": "rtml.captures.sensors.hubble.reading:SENSOR",
    "inspektor-gadget": "rtml.captures.sensors.inspektor_gadget.reading:SENSOR",
    "k8s-audit": "rtml.captures.sensors.k8s_audit.reading:SENSOR",
    "kubearmor": "rtml.captures.sensors.kubearmor.reading:SENSOR",
    "kubescape": "rtml.captures.sensors.kubescape.reading:SENSOR",
    "laurel": "rtml.captures.sensors.laurel.reading:SENSOR",
    "ocsf": "rtml.captures.sensors.ocsf.reading:SENSOR",
    "sysdig": "rtml.captures.sensors.sysdig.reading:SENSOR",
    "sysflow": "rtml.captures.sensors.sysflow.reading:SENSOR",
    "tetragon": "rtml.captures.sensors.tetragon.reading:SENSOR",
    "tracee": "rtml.captures.sensors.tracee.reading:SENSOR",
    "zeek": "rtml.captures.sensors.zeek.reading:SENSOR",
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

EXPORTS = {
    "jsonl": "rtml.findings.exports.jsonl:JSONL",
    "csv": "rtml.findings.exports.csv:CSV",
    "parquet": "rtml.findings.exports.parquet:PARQUET",
    "ocsf": "rtml.findings.exports.ocsf:OCSF",
    "guardduty": "rtml.findings.exports.guardduty:GUARDDUTY",
    "asff": "rtml.findings.exports.asff:ASFF",
    "eventbridge": "rtml.findings.exports.eventbridge:EVENTBRIDGE",
    "ecs": "rtml.findings.exports.ecs:ECS",
    "cef": "rtml.findings.exports.cef:CEF",
    "stix": "rtml.findings.exports.stix:STIX",
    "navigator": "rtml.findings.exports.navigator:NAVIGATOR",
}
"""Formats that findings are handed on in: `rtml.findings.exports.EXPORTS`."""

SINKS = {
    "file": "rtml.findings.sinks.files:FILE",
    "stdout": "rtml.findings.sinks.files:STDOUT",
    "falcosidekick": "rtml.findings.sinks.falcosidekick:FALCOSIDEKICK",
    "webhook": "rtml.findings.sinks.webhook:WEBHOOK",
    "splunk": "rtml.findings.sinks.splunk:SPLUNK",
    "elasticsearch": "rtml.findings.sinks.elasticsearch:ELASTICSEARCH",
    "syslog": "rtml.findings.sinks.syslog:SYSLOG",
    "otlp": "rtml.findings.sinks.otlp:OTLP",
    "securityhub": "rtml.findings.sinks.securityhub:SECURITYHUB",
    "eventbridge": "rtml.findings.sinks.eventbus:EVENTBRIDGE",
    "securitylake": "rtml.findings.sinks.securitylake:SECURITYLAKE",
}
"""Where findings are sent: `rtml.findings.sinks.SINKS`."""

ENGINES = {"local": "rtml.job.engines.local:LOCAL", "ray": "rtml.job.engines.ray:RAY"}
"""Where the scoring job runs: `rtml.job.engines.ENGINES`."""

PACKS = {"container": "packs/container", "k8s-audit": "packs/k8s-audit"}
"""Rule packs, by folder below ``rtml/rules``."""
