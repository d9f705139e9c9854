"""Sigma's filters: what else must hold for the rules that they name, in whatever file these are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtml.rules.language.contract import Skipped
from rtml.rules.sigma.documents import Outer

__all__ = ["concerning", "idle"]


def concerning(filters: Sequence[Outer], document: Any) -> list[Outer]:
    """Return the filters that a rule of pySigma's must pass: by name or id, and log source.

    One that pySigma could not read concerns the rules that it names all the same.
    """
    names = {str(name).lower() for name in (document.name, document.id) if name is not None}
    named = [one for one in filters if one.rules is None or names & set(one.rules)]
    return [one for one in named if _fits(one, document)]


def _fits(outer: Outer, document: Any) -> bool:
    if outer.fault and outer.rules is not None:
        return True
    if outer.parsed is None or type(outer.parsed.logsource) is not type(document.logsource):
        return False  # One of them has none.
    return document.logsource in outer.parsed.logsource


def idle(filters: Sequence[Outer], rules: Sequence[Any]) -> list[Skipped]:
    """Say which filters change nothing, or not all that they should."""
    used = [(one, document) for document in rules for one in concerning(filters, document)]
    told = []
    for outer in filters:
        concerned = [document for one, document in used if one is outer]
        names = {str(n).lower() for d in concerned for n in (d.name, d.id) if n is not None}
        missing = [name for name in outer.rules or () if name not in names]
        if outer.fault:
            told.append(Skipped(outer.file, f"{outer.title}: {outer.fault}"))
        elif missing:
            what = f"no rule of its log source is named {', '.join(missing)} in these files"
            told.append(Skipped(outer.file, f"{outer.title}: {what}"))
        elif not concerned:
            told.append(Skipped(outer.file, f"{outer.title}: no rule in these files is of its log source"))
    return told
