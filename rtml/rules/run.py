"""The rule baseline in one call: load, evaluate, make findings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.contract import Rule, Skipped
from rtml.rules.evaluate import evaluate
from rtml.rules.falco import load_falco
from rtml.rules.findings import findings_of
from rtml.rules.loading import load, load_pack

__all__ = ["load_all", "run_rules"]


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
    rules, skipped = load_all(paths, [pack] if pack else [], falco)
    result = evaluate(capture, rules)
    return findings_of(result.hits, rules), result.table, skipped
