"""Every feature: what it is, its formula and unit, and what the baseline counts for its family."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator

import rtml.features.surprise
from docsite.markdown import bullets, field_lists, prose, table
from rtml.baselines import Conditional
from rtml.features import AUDIT_FAMILIES, FAMILIES, Family

__all__ = ["features"]

_HEAD = """# Features

A feature turns the events of one container, one minute and one process tree into a number. A family has
*surprise* features, which compare what was done with what the [baseline](../baselines.md) counted, and
features of its own. All are null where they need a baseline and there is none. `rtml features CAPTURE
--baseline B` writes them; how they are made: [how it works](../how-it-works.md#the-numbers).

"""


def features() -> str:
    """Return the page."""
    parts = [_HEAD, "## What every family has\n\n", _surprise()]
    for name, family in [*FAMILIES.working(), *AUDIT_FAMILIES.working()]:
        parts += [f"## {name}\n\n", _family(family)]
    return "".join(parts)


def _surprise() -> str:
    rows = field_lists(inspect.getdoc(rtml.features.surprise) or "")
    said = "Of every family whose conditionals the baseline counts, as `FAMILY.FEATURE`:\n\n"
    return said + table(("feature", "unit", "meaning and range"), rows) + "\n"


def _family(family: Family) -> str:
    own = table(("feature", "formula, unit and range", "baseline"), _own(family))
    said = [own if part.startswith("- ") else part for part in prose(family.own).split("\n\n")]
    counted = table(("conditional", "what is given what"), _conditionals(family))
    parts = [*said, f"The baseline counts:\n\n{counted}"] if family.conditionals else said
    told = f"told as “{family.phrase or family.name}”"
    parts += [f"Findings: `{family.purpose}:Runtime/AnomalousBehavior`, {told}."]
    parts += ["All columns: " + ", ".join(f"`{name}`" for name in family.columns) + "."]
    return "\n\n".join(parts) + "\n\n"


def _own(family: Family) -> Iterator[tuple[str, str, str]]:
    said = bullets(prose(family.own))
    for name in family.names:
        meaning = said.get(name) or said.get("", "")
        yield f"`{family.name}.{name}`", meaning, "compared with it" if name in family.historical else ""


def _conditionals(family: Family) -> Iterator[tuple[str, str]]:
    module = sys.modules[family.own.__module__]
    said = dict(_said_of(module.__file__ or ""))
    for conditional in family.conditionals:
        yield f"`{conditional.name}`", said.get(_name_in(vars(module), conditional), "")


def _name_in(names: dict[str, object], conditional: Conditional) -> str:
    return next((name for name, value in names.items() if value is conditional), "")


def _said_of(file: str) -> Iterator[tuple[str, str]]:
    """Yield each name that a module assigns, and the string below it."""
    with open(file, encoding="utf-8") as source:
        body = ast.parse(source.read()).body
    for statement, after in zip(body, body[1:], strict=False):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                yield statement.targets[0].id, str(after.value.value)
