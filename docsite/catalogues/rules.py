"""Every rule of our packs and every correlation, with its finding type and its ATT&CK techniques."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import yaml

from docsite.markdown import cell, table
from rtml.registered import PACKS
from rtml.rules.correlations import CORRELATIONS

__all__ = ["rules", "technique"]

_HEAD = """# Rules

Sigma rules and correlations that come with rtml; `rtml rules CAPTURE` runs them and says which could not
match what the sensor sees. Rules of others: `--sigma DIR`, `--falco FILE`. What stands for which of
GuardDuty's types, and what rules cannot see: [finding types](../finding-types.md).

"""
_COLUMNS = ("rule", "level", "finding type", "ATT&CK", "what it looks for", "what it will confuse")


def rules() -> str:
    """Return the page."""
    parts = [_HEAD]
    for name, folder in PACKS.items():
        rows = [_rule(file, rule) for file, rule in _documents(folder)]
        parts += [f"## Pack {name}: {len(rows)} rules\n\n", table(_COLUMNS, rows), "\n"]
    rows = [_correlation(rule) for rule in CORRELATIONS]
    heading = (
        f"## Correlations: {len(rows)}\n\nThey take several events, and come with the pack container.\n\n"
    )
    return "".join([*parts, heading, table(_COLUMNS[:5], rows)])


def technique(name: str) -> str:
    """Return a technique with the address of its page.

    Examples
    --------
    >>> technique("T1059.004")
    '[T1059.004](https://attack.mitre.org/techniques/T1059/004/)'
    """
    return f"[{name}](https://attack.mitre.org/techniques/{name.replace('.', '/')}/)"


def _documents(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(files("rtml.rules").joinpath(folder).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yml"):
            for document in yaml.safe_load_all(file.read_text("utf-8")):
                yield file.name, document


def _rule(file: str, rule: dict[str, Any]) -> tuple[str, ...]:
    tags = [
        tag.removeprefix("attack.").upper() for tag in rule.get("tags", []) if re.match(r"attack\.t\d", tag)
    ]
    return (
        f"{cell(rule['title'])} (`{file.removesuffix('.yml')}`)",
        rule.get("level", ""),
        f"`{rule['finding_type']}`" if "finding_type" in rule else "",
        ", ".join(map(technique, tags)),
        rule.get("description", ""),
        " ".join(map(str, rule.get("falsepositives", []))),
    )


def _correlation(rule: Any) -> tuple[str, ...]:
    techniques = ", ".join(map(technique, rule.techniques))
    said = " ".join(rule.description.split())
    return f"{cell(rule.title)} (`{rule.name}`)", rule.level, f"`{rule.finding_type}`", techniques, said
