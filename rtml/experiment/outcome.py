"""Everything that an experiment made, for printing, for MLflow, and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rtml.captures import Capture
from rtml.evaluation import Ledger, Proof, Side, Track
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import RuleSide
from rtml.experiment.costs import SideCost
from rtml.experiment.looks import Looks
from rtml.models import Model, Scored
from rtml.splits import Split

__all__ = ["Outcome"]


@dataclass(frozen=True, repr=False)
class Outcome:
    """The result of an experiment.

    ``costs``: by side. ``run_id``, ``page``: run and page in MLflow, null where it was not tracked.
    """

    experiment: Experiment
    capture: Capture
    split: Split
    proof: Proof
    model: Model
    scored: Scored
    rules: RuleSide
    sides: Sequence[Side]
    track: Track
    ledger: Ledger
    out: Path
    report: Path
    run_id: str | None
    model_uri: str
    looks: Looks
    inputs: Mapping[str, str]
    costs: dict[str, SideCost] = field(default_factory=dict)
    page: str | None = None

    def __repr__(self) -> str:
        """Say in a line what was run, and where the results are."""
        return f"Outcome({self.experiment.name!r} in {str(self.out)!r}: {self.ledger!r})"

    def _repr_html_(self) -> str:
        return self.ledger._repr_html_()

    def moved(self, out: Path) -> Outcome:
        """Return the same, its folder moved to ``out``."""
        kept_here = self.model_uri == str(self.out / "model")
        uri = str(out / "model") if kept_here else self.model_uri
        return replace(self, out=out, report=out / self.report.name, model_uri=uri)
