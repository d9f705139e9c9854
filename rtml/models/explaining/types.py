"""What a model's finding is called: ``<Purpose>:Runtime/AnomalousBehavior.<Family>``.

The grammar is GuardDuty's, the suffix says that no rule matched. The purpose is that of the family
of features that contributed most: who started what is *Execution*, whom a program talks to is
*Behavior* (GuardDuty's word for traffic that differs from what was usual).
"""

from __future__ import annotations

import polars as pl

from rtml.features import FAMILIES
from rtml.findings.levels import LEVELS

__all__ = ["model_type", "severity"]


def model_type(family: str | None) -> str:
    """Return the finding type for the family that contributed most; null: none stood out.

    Examples
    --------
    >>> model_type("lineage"), model_type(None)
    ('Execution:Runtime/AnomalousBehavior.Lineage', 'Behavior:Runtime/AnomalousBehavior.Activity')
    """
    name = family or "activity"
    purpose = FAMILIES[name].purpose if name in FAMILIES else "Behavior"
    return f"{purpose}:Runtime/AnomalousBehavior.{name.capitalize()}"


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
    least, most = LEVELS["informational"], LEVELS["critical"] - 0.1
    scaled = 1 - 2 * p_value.clip(1e-12, 1.0).log10()
    return scaled.clip(least, most).round(2).fill_null(LEVELS["medium"])
