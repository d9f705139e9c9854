"""What a model's finding is called: ``<Purpose>:Runtime/AnomalousBehavior.<Family>``.

The grammar is GuardDuty's, the suffix says that no rule spoke. The purpose is that of the family
of features that contributed most: who started what is *Execution*, whom a program talks to is
*Behavior* (GuardDuty's word for traffic that differs from what was usual).
"""

from __future__ import annotations

import polars as pl

__all__ = ["PHRASES", "PURPOSES", "model_type", "severity"]

PURPOSES: dict[str, str] = {
    "lineage": "Execution",
    "binaries": "Execution",
    "destinations": "Behavior",
    "domains": "Backdoor",
    "files": "Behavior",
    "privileges": "PrivilegeEscalation",
    "calls": "PrivilegeEscalation",
    "activity": "Behavior",
}
"""Threat purpose by feature family; a family that is not listed is ``Behavior``."""

PHRASES: dict[str, str] = {
    "lineage": "child given its ancestors",
    "binaries": "program given the image",
    "destinations": "destination given the program",
    "domains": "domain given the program",
    "files": "path given the program",
    "calls": "system call given the program",
}
"""What was surprising, in words, by feature family."""


def model_type(family: str | None) -> str:
    """Return the finding type for the family that contributed most; null: none stood out.

    Examples
    --------
    >>> model_type("lineage"), model_type(None)
    ('Execution:Runtime/AnomalousBehavior.Lineage', 'Behavior:Runtime/AnomalousBehavior.Activity')
    """
    name = family or "activity"
    return f"{PURPOSES.get(name, 'Behavior')}:Runtime/AnomalousBehavior.{name.capitalize()}"


def severity(p_value: pl.Expr) -> pl.Expr:
    """Severity of an alarm from its p-value: ``1 - 2 log10 p``, between 1 and 8.9.

    0.1 is 3 (low), 0.01 is 5 (medium), 0.001 is 7 (high). 9 and above is GuardDuty's band for
    correlated attack sequences, which one alarm is not. Without a p-value: 5. A conformal p-value
    cannot fall below 1/(n + 1), so little calibration data cannot claim a high severity.

    Examples
    --------
    >>> pl.DataFrame({"p": [0.1, 0.001, None]}).select(severity(pl.col("p"))).to_series().to_list()
    [3.0, 7.0, 5.0]
    """
    scaled = 1 - 2 * p_value.clip(1e-12, 1.0).log10()
    return scaled.clip(1.0, 8.9).round(2).fill_null(5.0)
