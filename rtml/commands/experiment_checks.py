"""What an experiment names must exist: checked before anything heavy is imported."""

from __future__ import annotations

from rtml.commands import arguments, names
from rtml.errors import UsageError
from rtml.experiment.config import Experiment

__all__ = ["check_experiment", "check_names"]


def check_names(experiment: Experiment) -> None:
    """Check the names of detectors and feature families.

    Examples
    --------
    >>> check_names(Experiment(detectors=["suprise"]))
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown detector 'suprise'; did you mean 'surprise'?
    """
    kinds = [str(parameters.get("kind", label)) for label, parameters in experiment.detectors.items()]
    ours = [kind for kind in kinds if ":" not in kind]  # others name a class of another package
    arguments.one_of("detector", names.DETECTORS)(ours)
    arguments.one_of("feature family", names.FAMILIES)(experiment.families)


def check_experiment(experiment: Experiment) -> None:
    """Check the names, and that captures, labels and files of rules are there."""
    if not experiment.capture or experiment.labels is None:
        raise UsageError("an experiment needs `capture` and `labels`")
    check_names(experiment)
    rules = experiment.rules
    arguments.capture(experiment.capture)
    arguments.existing([experiment.labels, *rules.sigma, *rules.falco])
    arguments.existing(rules.reputation)
    arguments.intelligence(rules.intel)
    arguments.one_of("rule pack", names.PACKS)(rules.packs)
