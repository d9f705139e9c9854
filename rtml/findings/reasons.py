"""The reasons of a finding, as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.text import visible

__all__ = ["because", "in_short"]


def because(finding: Mapping[str, Any]) -> list[str]:
    """Return the reasons of one finding as lines of text, the greatest first.

    Parameters
    ----------
    finding
        A row of `FINDINGS`: ``findings.row(0, named=True)``.

    Examples
    --------
    >>> because({"contributions": [{"feature": "lineage.child: sh given web: nginx",
    ...                             "value": 9.5, "usual": None, "share": 0.41}]})
    ['lineage.child: sh given web: nginx: 9.5 (41 %)']
    """
    lines = []
    for part in finding["contributions"] or []:
        value = "" if part["value"] is None else f": {part['value']:.4g}"
        usual = "" if part["usual"] is None else f", usually {part['usual']:.4g}"
        share = "" if part["share"] is None else f" ({part['share']:.0%})".replace("%", " %")
        lines.append(f"{visible(part['feature'], 300)}{value}{usual}{share}")
    return lines


def in_short(finding: Mapping[str, Any], most: int = 3) -> str:
    """Return the greatest reasons of one finding in a line, and what would have made it usual.

    Examples
    --------
    >>> in_short({"contributions": [{"feature": "a.x", "value": 9.5, "usual": 1.0, "share": 0.41}],
    ...           "counterfactual": "usual if it had not read /etc/shadow"})
    'a.x: 9.5, usually 1 (41 %); usual if it had not read /etc/shadow'
    """
    otherwise = finding.get("counterfactual")
    return "; ".join([*because(finding)[:most], *([visible(otherwise, 500)] if otherwise else [])])
