"""Lists as rules: one for each list and use, so that the account and the findings know them."""

from __future__ import annotations

from rtml.rules.intelligence.categories import USES, categories
from rtml.rules.intelligence.lists import Intelligence
from rtml.rules.intelligence.observed import OBSERVED
from rtml.rules.language.conditions import Absent, All, Condition, Not
from rtml.rules.language.contract import Rule

__all__ = ["list_rules", "rule_id"]

_PHRASES = {
    "address": "connection",
    "relay": "connections both ways",
    "answer": "DNS answer",
    "domain": "DNS query",
    "sha256": "executed file",
}


def rule_id(name: str, use: str) -> str:
    """Return the id of a list's rule.

    Examples
    --------
    >>> rule_id("My list", "domain")
    'intel:My list:domain'
    """
    return f"intel:{name}:{use}"


def list_rules(intelligence: Intelligence) -> list[Rule]:
    """Return the rules of every threat list that holds entries of the kind that a use takes.

    Trusted lists have none, nor have lists that only know callers of an API. The condition is what
    an event must have to be looked up at all.

    Examples
    --------
    >>> from rtml.rules.intelligence import load_intelligence
    >>> rules = list_rules(load_intelligence(["test"]))
    >>> [(rule.title, rule.finding_type) for rule in rules][:2]
    [('Test: command and control (connection)', 'Backdoor:Runtime/C&CActivity.B'),
     ('Test: command and control (DNS query)', 'Backdoor:Runtime/C&CActivity.B!DNS')]
    """
    rules = []
    for number, description in enumerate(intelligence.lists):
        if description.trusted or description.category is None:
            continue
        category = categories()[description.category]
        for use, finding_type in category.types.items():
            if not (intelligence.entries[USES[use]]["list"] == number).any():
                continue
            rules.append(
                Rule(
                    id=rule_id(description.name, use),
                    title=f"{description.name} ({_PHRASES[use]})",
                    level=description.level,
                    finding_type=finding_type,
                    techniques=category.techniques,
                    tags=(use,),
                    authors=description.author,
                    licence=description.licence,
                    source=str(description.file),
                    kinds=OBSERVED[use].kinds,
                    where=OBSERVED[use].where,
                    condition=_needed(OBSERVED[use].columns),
                )
            )
    return rules


def _needed(columns: tuple[str, ...]) -> Condition:
    return All(tuple(Not(Absent(name)) for name in columns))
