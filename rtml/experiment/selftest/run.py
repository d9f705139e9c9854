"""Run the self-test: plant every mistake, judge ten honest runs, and say what was noticed."""

from __future__ import annotations

from dataclasses import dataclass

from rtml.errors import RtmlError
from rtml.experiment.selftest.ground import Ground
from rtml.experiment.selftest.mistake import Mistake
from rtml.experiment.selftest.of_changes import MISTAKES as OF_CHANGES
from rtml.experiment.selftest.of_findings import MISTAKES as OF_FINDINGS
from rtml.experiment.selftest.of_labels import MISTAKES as OF_LABELS
from rtml.experiment.selftest.of_scores import MISTAKES as OF_SCORES
from rtml.experiment.selftest.of_training import MISTAKES as OF_TRAINING
from rtml.progress import steps

__all__ = ["CLEAN", "MISTAKES", "Result", "selftest"]

MISTAKES = [*OF_FINDINGS, *OF_CHANGES, *OF_LABELS, *OF_SCORES, *OF_TRAINING]
CLEAN = 10
"""Honest runs that must accuse nobody."""


@dataclass(frozen=True)
class Result:
    """What became of each mistake, and of what honest runs were accused."""

    noticed: dict[str, str]
    """By name of the mistake, what the harness said or did; "" where it was silent."""
    accused: list[str]
    """What honest runs were accused of, one line per run that was."""

    @property
    def silent(self) -> list[str]:
        """The mistakes that passed in silence."""
        return [name for name, what in self.noticed.items() if not what]

    def sentence(self) -> str:
        """Say how many were caught.

        Examples
        --------
        >>> Result({"a": "refused: no", "b": ""}, []).sentence()
        'caught 1/2 · accused 0/10'
        """
        caught = len(self.noticed) - len(self.silent)
        return f"caught {caught}/{len(self.noticed)} · accused {len(self.accused)}/{CLEAN}"


def selftest() -> Result:
    """Plant every mistake, and judge `CLEAN` honest runs on other seeds."""
    ground = Ground()
    noticed = {mistake.name: _noticed(mistake, ground) for mistake in steps(MISTAKES, "planting", "mistakes")}
    accused = [line for seed in range(CLEAN) for line in _accused(Ground(seed))]
    return Result(noticed, accused)


def _noticed(mistake: Mistake, ground: Ground) -> str:
    try:
        return mistake.plant(ground)
    except RtmlError as error:
        return f"refused: {error}"


def _accused(ground: Ground) -> list[str]:
    """Return of what an honest run is accused: refused, suspected, or a budget said to be broken."""
    try:
        ledger = ground.ledger(ground.model)
    except RtmlError as error:
        return [f"seed {ground.seed}: refused: {error}"]
    row = next(row for row in ledger.summary.iter_rows(named=True) if row["side"] == "m")
    accusations = [*ledger.facts["suspicions"], *(["budget broken"] if row["budget"] == "broken" else [])]
    accusations += [row["remarks"]] if row["remarks"] else []
    return [f"seed {ground.seed}: {'; '.join(accusations)}"] if accusations else []
