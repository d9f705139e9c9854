"""The names that arguments are held against are those of the registries, and of plug-ins."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from rtml import registry
from rtml.captures.sensors import SENSORS
from rtml.commands import names
from rtml.commands.arguments import one_of
from rtml.commands.experiment_checks import check_names
from rtml.datasets import DATASETS
from rtml.detectors import DETECTORS
from rtml.errors import UnknownNameError
from rtml.experiment.config import Experiment
from rtml.features import AUDIT_FAMILIES, FAMILIES
from rtml.findings.attack import VERSIONS
from rtml.findings.exports import EXPORTS
from rtml.findings.formats import FORMATS
from rtml.findings.sinks import SINKS
from rtml.profiles.formats import FORMATS as PROFILES
from rtml.rules.chosen import GATES
from rtml.rules.sigma.loading import PACKS
from rtml.splicing.variants import VARIANTS

REGISTRIES = {
    "ALERTS": FORMATS,
    "ATTACK": VERSIONS,
    "DATASETS": DATASETS,
    "DETECTORS": DETECTORS,
    "EXPORTS": EXPORTS,
    "FAMILIES": [*FAMILIES, *AUDIT_FAMILIES],
    "GATES": GATES,
    "PACKS": PACKS,
    "PROFILES": PROFILES,
    "SENSORS": SENSORS,
    "SINKS": SINKS,
    "VARIANTS": VARIANTS,
}


@pytest.mark.parametrize("name", REGISTRIES)
def test_names_are_those_of_the_registry(name: str):
    assert sorted(getattr(names, name)) == sorted(REGISTRIES[name])
    assert len(getattr(names, name)) == len(REGISTRIES[name])


def test_names_of_other_packages_are_known_and_nothing_of_them_is_imported(monkeypatch: pytest.MonkeyPatch):
    def entries(group: str) -> list[EntryPoint]:
        return [EntryPoint("zscore", "not.there:ZScore", group)] if group == "rtml.detectors" else []

    monkeypatch.setattr(registry, "_entry_points", entries)
    detector, sensor = one_of("detector", names.DETECTORS), one_of("sensor", names.SENSORS)
    assert detector("zscore") == "zscore" and detector(["surprise"]) == ["surprise"]
    with pytest.raises(UnknownNameError, match="did you mean 'zscore'"):
        detector("zscores")
    with pytest.raises(UnknownNameError):
        sensor("zscore")


def test_a_detector_may_have_a_label_and_a_kind():
    check_names(Experiment(detectors={"tight": {"kind": "sklearn:OneClassSVM"}, "odd": {"kind": "surprise"}}))
    with pytest.raises(UnknownNameError, match="unknown detector 'tight'"):
        check_names(Experiment(detectors={"tight": {}}))
