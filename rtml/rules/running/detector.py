"""Rules as a detector: as they come, or tuned on the benign time that models are calibrated on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.captures.store import Capture
from rtml.peers import peer_group
from rtml.rules.language.contract import Rule
from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.findings import findings_of, rule_scores
from rtml.rules.running.tuning import EXCEPTIONS, apply, tune
from rtml.schema import empty
from rtml.times import MINUTE, Length, Window

__all__ = ["RuleDetector", "container_days"]

_UTC = pl.Datetime("ns", "UTC")


class RuleDetector:
    """Score container windows by the most severe rule that matched, ties by how many rules did.

    Untuned it says what the rules say: a rule is somebody's knowledge and needs no learning.
    `learn` tunes: pairs of rule and workload that are noisy on benign time are excepted
    (`rtml.rules.running.tuning` states the procedure). NaN only without any rule;
    `rtml.rules.running.evaluate` says whether a rule *could* match in a capture.

    Fails where benign time is short: an exception then rests on few alarms, and hides an attack
    that makes the same rule match in the same workload.

    Parameters
    ----------
    rules
        Of any front end.
    every
        Length of a window.
    budget
        False alarms per container-day that the tuned rules of a workload may raise together.

    References
    ----------
    Falco, rules exceptions, https://falco.org/docs/concepts/rules/exceptions/

    Examples
    --------
    >>> from rtml.rules import load_pack
    >>> RuleDetector(load_pack()[0]).state.height
    0
    """

    name: ClassVar[str] = "rules"

    def __init__(self, rules: Sequence[Rule], every: Length = MINUTE, budget: float = 1.0) -> None:
        self._rules, self._every, self._budget = rules, Window.of(every), budget
        self._exceptions = empty(EXCEPTIONS)

    def observe(self, capture: Capture) -> pl.DataFrame:
        """Return the hits of all rules (`rtml.rules.account.HITS`)."""
        return evaluate(capture, self._rules).hits

    def learn(self, observed: pl.DataFrame, windows: pl.DataFrame) -> None:
        """Make the exceptions anew from hits in benign windows, and from the time these span."""
        window = self._every.start().cast(windows.schema["window"])
        benign = observed.with_columns(pl.col("container_id").cast(pl.String), window=window).join(
            windows.select(pl.col("container_id").cast(pl.String), "window"),
            on=["container_id", "window"],
            how="semi",
        )
        self._exceptions = tune(benign, container_days(windows, self._every), self._budget)

    def score(self, observed: pl.DataFrame, windows: pl.DataFrame) -> Array:
        """Score each window, see `rtml.rules.running.findings.rule_scores`; 0 where nothing matched."""
        if not self._rules:
            return np.full(windows.height, np.nan)
        kept = apply(observed, self._exceptions)
        return rule_scores(kept, self._rules, windows, self._every)["score"].to_numpy()

    def findings(self, observed: pl.DataFrame) -> pl.DataFrame:
        """Return the findings of the hits that no exception takes away."""
        return findings_of(apply(observed, self._exceptions), self._rules)

    @property
    def state(self) -> pl.DataFrame:
        """The exceptions (`rtml.rules.running.tuning.EXCEPTIONS`); none before learning."""
        return self._exceptions


def container_days(windows: pl.DataFrame, every: Length) -> pl.DataFrame:
    """Return how long each peer group was watched: ``workload`` (`rtml.peers`), ``container_days``.

    Examples
    --------
    >>> windows = pl.DataFrame({"workload": ["web"] * 720, "image": "i", "container_id": "c"})
    >>> container_days(windows, "60s").row(0)
    ('web', 0.5)
    """
    days = Window.of(every).length / dt.timedelta(days=1)
    return windows.group_by(workload=peer_group(windows.columns)).agg(container_days=pl.len() * days)
