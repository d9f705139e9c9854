"""Names that arguments are held against before what they name is imported.

Each tuple is the keys of a registry; ``tests/commands/test_names.py`` holds the two together.
"""

from __future__ import annotations

__all__ = ["ALERTS", "ATTACK", "DETECTORS", "ENGINES", "EXPORTS", "FAMILIES", "GATES", "PACKS", "SENSORS"]

SENSORS = ("beth", "bpftrace", "k8s-audit", "sysflow")
"""`rtml.captures.sensors.SENSORS`."""

FAMILIES = ("activity", "audit", "binaries", "calls", "destinations", "files", "lineage")
"""`rtml.features.FAMILIES` and `rtml.features.AUDIT_FAMILIES`."""

DETECTORS = (
    "flag_all",
    "half_space_trees",
    "isolation_forest",
    "local_outlier_factor",
    "random",
    "rarity",
    "single_feature",
    "surprise",
)
"""`rtml.detectors.DETECTORS`."""

PACKS = ("container", "k8s-audit")
"""`rtml.rules.sigma.loading.PACKS`."""

GATES = ("none", "ours")
"""`rtml.rules.chosen.GATES`."""

ALERTS = ("falco", "tetragon", "tracee")
"""`rtml.findings.importing.FORMATS`."""

ATTACK = ("written", "v18", "v19")
"""`rtml.findings.attack.VERSIONS`."""

EXPORTS = ("jsonl",)
"""Formats of ``rtml findings export``."""

ENGINES = ("local",)
"""Where ``rtml score`` runs."""
