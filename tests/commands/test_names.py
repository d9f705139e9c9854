"""The names that arguments are held against are those of the registries."""

from __future__ import annotations

import pytest

from rtml.captures.sensors import SENSORS
from rtml.commands import names
from rtml.detectors import DETECTORS
from rtml.features import AUDIT_FAMILIES, FAMILIES
from rtml.findings.attack import VERSIONS
from rtml.findings.importing import FORMATS
from rtml.rules.chosen import GATES
from rtml.rules.sigma.loading import PACKS

REGISTRIES = {
    "ALERTS": FORMATS,
    "ATTACK": VERSIONS,
    "DETECTORS": DETECTORS,
    "FAMILIES": [*FAMILIES, *AUDIT_FAMILIES],
    "GATES": GATES,
    "PACKS": PACKS,
    "SENSORS": SENSORS,
}


@pytest.mark.parametrize("name", REGISTRIES)
def test_names_are_those_of_the_registry(name: str):
    assert sorted(getattr(names, name)) == sorted(REGISTRIES[name])
