"""The rule baseline in one call: load, evaluate, make findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import REJECTS
from rtml.captures.store import Capture
from rtml.rules.contract import LEVELS, Rule, Skipped
from rtml.rules.evaluate import TABLE, Evaluation, evaluate
from rtml.rules.falco import load_falco
from rtml.rules.findings import findings_of
from rtml.rules.intelligence.lists import load_intelligence
from rtml.rules.intelligence.matching import SILENCED, match_lists
from rtml.rules.loading import load, load_pack

__all__ = ["Chosen", "Ran", "load_all", "run_all", "run_rules"]


@dataclass(frozen=True)
class Chosen:
    """What to run: our packs by name; files of Sigma, of Falco; threat lists (descriptions)."""

    packs: tuple[str, ...] = ("container",)
    sigma: tuple[str | Path, ...] = ()
    falco: tuple[str | Path, ...] = ()
    intel: tuple[str | Path, ...] = ()
    level: str = "informational"


@dataclass(frozen=True)
class Ran:
    """Everything that ran, as one: its rules, hits and account.

    ``silenced`` (`rtml.rules.intelligence.matching.SILENCED`) are hits of lists that trusted lists
    spoke against or that were copies; ``rejects`` are lines of lists that could not be read.
    """

    rules: list[Rule]
    skipped: list[Skipped]
    evaluation: Evaluation
    silenced: pl.DataFrame = field(default_factory=SILENCED.to_frame)
    rejects: pl.DataFrame = field(default_factory=REJECTS.to_frame)

    @property
    def hits(self) -> pl.DataFrame:
        """One row per event and rule."""
        return self.evaluation.hits

    def findings(self) -> pl.DataFrame:
        """Return findings (`rtml.schema.FINDINGS`) made of the hits."""
        return findings_of(self.hits, self.rules)


def load_all(
    paths: Iterable[str | Path] = (),
    packs: Iterable[str] = ("container",),
    falco: Iterable[str | Path] = (),
) -> tuple[list[Rule], list[Skipped]]:
    """Load packs, then files of Sigma, then of Falco; a rule whose id came before is skipped."""
    rules: dict[str, Rule] = {}
    skipped: list[Skipped] = []
    for found, refused in [*map(load_pack, packs), load(paths), load_falco(falco)]:
        skipped += refused
        for rule in found:
            if rule.id in rules:
                skipped.append(
                    Skipped(rule.source, f"id {rule.id} is also in {rules[rule.id].source}")
                )
            rules.setdefault(rule.id, rule)
    return list(rules.values()), skipped


def run_all(capture: Capture, chosen: Chosen) -> Ran:
    """Run rules and lists over a capture.

    Parameters
    ----------
    capture
        An opened capture.
    chosen
        What to run; rules and lists below its level are left out.
    """
    rules, skipped = load_all(chosen.sigma, chosen.packs, chosen.falco)
    least = LEVELS[chosen.level]
    rules = [rule for rule in rules if LEVELS[rule.level] >= least]
    ran = Ran(rules, skipped, evaluate(capture, rules))
    if not chosen.intel:
        return ran
    intelligence = load_intelligence(chosen.intel)
    matched = match_lists(capture, intelligence)
    extra = [rule for rule in matched.rules if LEVELS[rule.level] >= least]
    kept = pl.col("rule").is_in([rule.id for rule in extra])
    return Ran(
        [*rules, *extra],
        skipped,
        _joined(
            ran.evaluation,
            Evaluation(matched.evaluation.hits.filter(kept), matched.evaluation.table.filter(kept)),
        ),
        matched.silenced.filter(kept),
        intelligence.rejects,
    )


def _joined(*parts: Evaluation) -> Evaluation:
    hits = pl.concat([part.hits for part in parts], how="diagonal")
    table = pl.concat([TABLE.to_frame(), *(part.table for part in parts)])
    return Evaluation(
        hits.sort("time", "host", "seq", "rule", maintain_order=True),
        table.sort("hits", "rule", descending=[True, False]),
    )


def run_rules(
    capture: Capture,
    paths: Iterable[str | Path] = (),
    pack: str | None = "container",
    falco: Iterable[str | Path] = (),
) -> tuple[pl.DataFrame, pl.DataFrame, list[Skipped]]:
    """Run a rule pack and rule files over a capture.

    Parameters
    ----------
    capture
        An opened capture.
    paths
        Sigma files or folders.
    pack
        Name of one of our packs, or null for none.
    falco
        Falco files or folders, read into one set of definitions in this order.

    Returns
    -------
    Findings (`rtml.schema.FINDINGS`), the account of every rule (`rtml.rules.evaluate.TABLE`), and
    what was skipped with its reason.
    """
    chosen = Chosen((pack,) if pack else (), tuple(paths), tuple(falco))
    ran = run_all(capture, chosen)
    return ran.findings(), ran.evaluation.table, ran.skipped
