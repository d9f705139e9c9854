"""Names that arguments are held against before what they name is imported.

Ours are the keys of a registry whose room takes a third of a second to import;
``tests/commands/test_names.py`` holds the two together. Names that other packages add are looked up
only where a name is none of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rtml import registered
from rtml.registry import plugin_names
from rtml.rules.chosen import GATES

__all__ = [
    "ALERTS",
    "ATTACK",
    "AUTO",
    "DATASETS",
    "DETECTORS",
    "ENGINES",
    "EXPORTS",
    "FAMILIES",
    "GATES",
    "GENERIC",
    "LOGS",
    "PACKS",
    "PROFILES",
    "SENSORS",
    "SINKS",
    "VARIANTS",
]


class _Open(Collection[str]):
    """Our names, and those of a group of entry points."""

    def __init__(self, group: str, *ours: str) -> None:
        self._group, self._ours = group, ours

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in plugin_names(self._group)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ours, *plugin_names(self._group)]))

    def __len__(self) -> int:
        return len(list(iter(self)))


AUTO = "auto"
"""`rtml.captures.sensors.choosing.AUTO`."""

GENERIC = "generic"
"""What stands for the name of a sensor where a mapping says what its rows are."""

SENSORS = _Open("rtml.sensors", *registered.SENSORS)
"""`rtml.captures.sensors.SENSORS`."""

LOGS = _Open("rtml.sensors", AUTO, *registered.SENSORS)
"""What a log that grows may be said to be of."""

FAMILIES = _Open("rtml.features", *registered.FAMILIES, *registered.AUDIT_FAMILIES)
"""`rtml.features.FAMILIES` and `rtml.features.AUDIT_FAMILIES`."""

DETECTORS = _Open("rtml.detectors", *registered.DETECTORS)
"""`rtml.detectors.DETECTORS`."""

DATASETS = _Open("rtml.datasets", *registered.DATASETS)
"""`rtml.datasets.DATASETS`."""

PACKS = tuple(registered.PACKS)
"""`rtml.rules.sigma.loading.PACKS`."""

ALERTS = _Open("rtml.formats", *registered.ALERTS)
"""`rtml.findings.importing.FORMATS`."""

ATTACK = ("written", "v18", "v19")
"""`rtml.findings.attack.VERSIONS`."""

EXPORTS = _Open("rtml.exports", *registered.EXPORTS)
"""`rtml.findings.exports.EXPORTS`."""

SINKS = _Open("rtml.sinks", *registered.SINKS)
"""`rtml.findings.sinks.SINKS`."""

PROFILES = ("kubescape", "kubearmor", "seccomp", "falco")
"""`rtml.profiles.formats.FORMATS`."""

ENGINES = _Open("rtml.engines", *registered.ENGINES)
"""`rtml.job.engines.ENGINES`."""

VARIANTS = ("peers", "rollouts", "images")
"""`rtml.splicing.variants.VARIANTS`."""
