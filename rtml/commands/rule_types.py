"""``rtml rules --types``: GuardDuty's finding types, and what of ours stands for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtml.commands.output import console, print_json, print_table

if TYPE_CHECKING:
    from rtml.rules.language.contract import Rule

__all__ = ["show_types"]


def show_types(rules: Sequence[Rule], as_json: bool) -> None:
    """Print the catalogue of finding types with what stands for each."""
    from rtml.rules.running.catalogue import coverage

    table = coverage(rules)
    if as_json:
        print_json(table.to_dicts())
        return
    titles = {rule.id: rule.title for rule in rules}
    rows = [
        (
            row["number"],
            row["type"],
            row["severity"],
            row["gate"],
            "; ".join(titles.get(name, name) for name in row["by"]) or "NOTHING",
        )
        for row in table.to_dicts()
    ]
    print_table("", ["", "finding type", "severity", "gate", "by"], rows)
    covered = table.filter(table["by"].list.len() > 0).height
    console.print(
        f"{covered} of {table.height} types · gate: GuardDuty reports only suspicious cases;"
        " ours: --gate ours",
        markup=False,
    )
