"""What a model's finding is called: ``<Purpose>:Runtime/AnomalousBehavior.<Family>``.

The grammar is GuardDuty's, the suffix says that no rule matched. The purpose is that of the family
of features that contributed most: who started what is *Execution*, whom a program talks to is
*Behavior* (GuardDuty's word for traffic that differs from what was usual).
"""

from __future__ import annotations

from rtml.features import FAMILIES

__all__ = ["model_type"]


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
