"""What benign verdicts of analysts silence, as suppression rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtml.findings.suppression.archiving import Suppression
from rtml.findings.verdicts import About, Verdict

__all__ = ["as_suppressions"]


def as_suppressions(verdicts: Sequence[Verdict]) -> list[Suppression]:
    """Return what benign verdicts silence: the same type, title and program in a place, until they end.

    The place is the workload, else the image, else the container; a call of the Kubernetes API has its
    caller. A finding that has neither title nor program silences nothing: its type alone would be too much.
    """
    rules = []
    for verdict in (verdict for verdict in verdicts if verdict.verdict == "benign"):
        tests = {str(test): test for about in verdict.findings if (test := _like(about))}
        for number, test in enumerate(tests.values(), 1):
            name = f"{verdict.incident} {verdict.time:%Y-%m-%dT%H:%M:%S.%f} {number}"
            facts = {"owner": verdict.by, "reason": verdict.reason, "expires": verdict.expires}
            rules.append(Suppression.model_validate({"name": name, "where": test, **facts}))
    return rules


def _like(about: About) -> dict[str, Any]:
    places = [(name, getattr(about, name)) for name in ("workload", "image", "container_id")]
    place = next(((name, value) for name, value in places if value), None)
    what: dict[str, Any] = {"exe": about.exe} if about.exe else {}
    if about.title:  # how many bits it was differs each time
        chain, rest, _ = about.title.partition(" (")
        what["title"] = {"matches": f"{chain} (*"} if rest else about.title
    if not about.type or not what or not (place or about.actor):
        return {}
    actor = {"actor": about.actor} if about.actor else {}
    return {"type": about.type, **what, **actor, **dict([place] if place else [])}
