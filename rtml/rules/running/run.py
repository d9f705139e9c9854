"""The rule baseline in one call: load, evaluate, make findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from rtml.captures.store import Capture
from rtml.errors import UsageError
from rtml.findings.levels import LEVELS
from rtml.findings.shown import Findings
from rtml.rules.account import TABLE, Evaluation
from rtml.rules.chosen import Chosen
from rtml.rules.correlations import CORRELATIONS
from rtml.rules.falco.loading import load_falco
from rtml.rules.intelligence.callers import match_callers
from rtml.rules.intelligence.lists import load_intelligence
from rtml.rules.intelligence.matching import SILENCED, Matched, match_lists
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.running.actors import with_actor
from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.findings import findings_of
from rtml.rules.running.gate import passing, with_gated
from rtml.rules.sigma.loading import load, load_pack
from rtml.rules.sigma.placeholders import rule_lists
from rtml.schema import REJECTS
from rtml.showing.tables import table as table_of

__all__ = ["Ran", "load_all", "run_all", "run_rules"]


_HOLDS_NONE = ("no Sigma rule", "a document that is no mapping", "empty: ")
"""How the reasons begin of files that hold no rule, whether it can be run or not."""


@dataclass(frozen=True, repr=False)
class Ran:
    """Everything that ran, as one: its rules, hits and account.

    ``silenced`` (`rtml.rules.intelligence.matching.SILENCED`) are hits of lists on values that
    trusted lists hold, and copies by resolvers; ``rejects`` are lines of lists that could not be read.
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

    def top(self, most: int = 10) -> Findings:
        """Return the most severe findings."""
        return Findings(self.findings()).top(most)

    def view(self) -> pl.DataFrame:
        """Return the account of the rules that matched, and of those that could not."""
        table = self.evaluation.table
        shown = table.filter((pl.col("hits") > 0) | ~pl.col("could_match"))
        return shown.select("title", "level", "type", "hits", "containers", "why_not")

    def __repr__(self) -> str:
        """Say in a line what ran and what matched."""
        table = self.evaluation.table
        return (
            f"Ran({len(self.rules)} rules: {self.hits.height:,} hits of {self.hits['rule'].n_unique()};"
            f" {table.filter(~pl.col('could_match')).height} could not match here,"
            f" {len(self.skipped)} skipped)"
        )

    def _repr_html_(self) -> str:
        return table_of(self.view()).markup


def load_all(
    paths: Iterable[str | Path] = (),
    packs: Iterable[str] = ("container",),
    falco: Iterable[str | Path] = (),
    lists: Path | None = None,
) -> tuple[list[Rule], list[Skipped]]:
    """Load packs, then files of Sigma, then of Falco; a rule whose id came before is skipped.

    Correlations come with the pack ``container``. What of ``lists`` no rule names, and a list that is empty,
    is among what was skipped.

    Raises
    ------
    UsageError
        A file of lists that guards nothing; files of Sigma, or of Falco, without a rule.
    """
    paths, falco = tuple(paths), tuple(falco)
    rules: dict[str, Rule] = {}
    skipped: list[Skipped] = []
    names = tuple(packs)
    ours: list[Rule] = list(CORRELATIONS) if "container" in names else []
    values = rule_lists(lists)
    packed = [load_pack(name, None if lists is None else values) for name in names]
    given = [_guarding("Sigma", paths, load(paths, values)), _guarding("Falco", falco, load_falco(falco))]
    parts = [*packed, (ours, []), *given]
    for loaded, refused in parts:
        skipped += refused
        for rule in loaded:
            if rule.id in rules:
                skipped.append(Skipped(rule.source, f"id {rule.id} is also in {rules[rule.id].source}"))
            rules.setdefault(rule.id, rule)
    return list(rules.values()), [*skipped, *values.idle()]


def _guarding(
    what: str, paths: tuple[str | Path, ...], loaded: tuple[list[Rule], list[Skipped]]
) -> tuple[list[Rule], list[Skipped]]:
    """Return what was loaded, unless somebody gave files without a rule; one that is not run is said."""
    rules, skipped = loaded
    if not paths or rules or not all(part.reason.startswith(_HOLDS_NONE) for part in skipped):
        return loaded
    files = ", ".join(map(str, paths[:3]))
    raise UsageError(f"{files}: no rule of {what} is there, so it guards nothing")


def run_all(capture: Capture, chosen: Chosen) -> Ran:
    """Run rules, correlations and lists over a capture.

    Parameters
    ----------
    capture
        An opened capture.
    chosen
        What to run; rules and lists below its level are left out.

    Returns
    -------
    The account has one column more than `TABLE`, ``gated``: hits that pass our gate, whichever gate
    was chosen; so both are always reported.
    """
    rules, skipped = load_all(chosen.sigma, chosen.packs, chosen.falco, chosen.lists)
    least = LEVELS[chosen.level]
    rules = [rule for rule in rules if LEVELS[rule.level] >= least]
    lists = load_intelligence(chosen.intel)  # before the work: what cannot work is said at once
    ran = replace(Ran(rules, skipped, evaluate(capture, rules)), rejects=lists.rejects)
    if chosen.intel:
        ran = _with(ran, match_lists(capture, lists), least)
        if capture.manifest.audit:
            ran = _with(ran, match_callers(capture, lists), least)
    if chosen.reputation is not None:
        # Imports scikit-learn, which takes a second: only where a model is given.
        from rtml.rules.reputation.matching import match_reputation
        from rtml.rules.reputation.model import Model

        model, source = Model.load(chosen.reputation), str(chosen.reputation)
        ran = _with(ran, match_reputation(capture, model, lists, source), least)
    return _gated(ran, capture, chosen.gate)


def _with(ran: Ran, matched: Matched, least: float) -> Ran:
    """Join what lists or a model matched; rules below the least level are left out."""
    extra = [rule for rule in matched.rules if LEVELS[rule.level] >= least]
    kept = pl.col("rule").is_in([rule.id for rule in extra])
    added = Evaluation(matched.evaluation.hits.filter(kept), matched.evaluation.table.filter(kept))
    return replace(
        ran,
        rules=[*ran.rules, *extra],
        evaluation=_joined(ran.evaluation, added),
        silenced=pl.concat([ran.silenced, matched.silenced.filter(kept)]),
    )


def _gated(ran: Ran, capture: Capture, gate: str) -> Ran:
    passes = passing(ran.hits, ran.rules, capture)
    table = with_gated(ran.evaluation.table, ran.hits, passes)
    hits = ran.hits.filter(passes) if gate == "ours" else ran.hits
    return replace(ran, evaluation=Evaluation(with_actor(hits, capture), table))


def _joined(*parts: Evaluation) -> Evaluation:
    hits = pl.concat([part.hits for part in parts], how="diagonal")
    table = pl.concat([TABLE.to_frame(), *(part.table for part in parts)])
    return Evaluation(
        hits.sort("time", "host", "seq", "rule", maintain_order=True),
        table.sort("hits", "rule", descending=[True, False]),
    )


def run_rules(
    capture: Capture,
    sigma: Iterable[str | Path] = (),
    pack: str | None = "container",
    falco: Iterable[str | Path] = (),
    *,
    intel: Iterable[str | Path] = (),
    level: str = "informational",
    gate: str = "none",
) -> Ran:
    """Run a rule pack of ours and rule files over a capture.

    Parameters
    ----------
    capture
        An opened capture.
    sigma
        Sigma files or folders.
    pack
        Name of one of our packs, or None.
    falco
        Falco files or folders, read into one set of definitions in this order.
    intel
        Descriptions of threat lists.
    level, gate
        See `rtml.rules.chosen.Chosen`.

    Returns
    -------
    Rules, hits, the account of every rule, what was skipped with its reason; ``findings()`` makes
    findings of the hits.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> ran = run_rules(open_capture("datasets/lab-v1/capture"))
    >>> ran
    Ran(63 rules: 1,083 hits of 41; 1 could not match here, 0 skipped)
    >>> ran.evaluation.table.select("title", "level", "hits").top_k(3, by="hits")
    shape: (3, 3)
    ┌─────────────────────────────────┬────────┬──────┐
    │ title                           ┆ level  ┆ hits │
    │ ---                             ┆ ---    ┆ ---  │
    │ str                             ┆ str    ┆ i64  │
    ╞═════════════════════════════════╪════════╪══════╡
    │ Download into a folder that ev… ┆ medium ┆ 467  │
    │ Port scan or host sweep         ┆ medium ┆ 339  │
    │ Written program executed from … ┆ high   ┆ 98   │
    └─────────────────────────────────┴────────┴──────┘
    """
    sigma, falco, intel = (tuple(map(Path, paths)) for paths in (sigma, falco, intel))
    return run_all(capture, Chosen(pack, sigma, falco, intel, level=level, gate=gate))
