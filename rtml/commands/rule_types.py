"""``rtml rules --types``: GuardDuty's finding types, and what of ours stands for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rtml.commands.output import console, print_json, print_table

if TYPE_CHECKING:
    from rtml.rules.facts import RuleFacts
    from rtml.rules.language.contract import Rule

__all__ = ["show_types"]


def show_types(packs: Sequence[str], sigma: Sequence[Path], falco: Sequence[Path], as_json: bool) -> None:
    """Print the catalogue of finding types with what stands for each."""
    from rtml.rules.catalogue import standing
    from rtml.rules.facts import pack_facts

    rules = _loaded(packs, sigma, falco) if sigma or falco else pack_facts(packs)
    rows = standing((rule.finding_type, rule.id) for rule in rules)
    if as_json:
        print_json(rows)
        return
    titles = {rule.id: rule.title for rule in rules}
    cells = [
        (
            row["number"],
            row["type"],
            row["severity"],
            row["gate"],
            "; ".join(titles.get(name, name) for name in row["by"]) or "NOTHING",
        )
        for row in rows
    ]
    print_table("", ["", "finding type", "severity", "gate", "by"], cells)
    covered = sum(bool(row["by"]) for row in rows)
    console.print(
        f"{covered} of {len(rows)} types · gate: GuardDuty reports only suspicious cases; ours: --gate ours",
        markup=False,
    )


def _loaded(
    packs: Sequence[str], sigma: Sequence[Path], falco: Sequence[Path]
) -> Iterable[Rule] | Iterable[RuleFacts]:
    """Compile files of the user's: only rules that can be evaluated stand for a type."""
    from rtml.rules.running.run import load_all

    return load_all(sigma, packs, falco)[0]
