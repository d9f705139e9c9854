"""The capture of an experiment, as far as its scope looks at it."""

from __future__ import annotations

from collections.abc import Sequence

from rtml.captures import Capture, open_captures
from rtml.captures.in_scope import InScope
from rtml.captures.scope import Scope
from rtml.experiment.config import Experiment

__all__ = ["capture_of", "scope_notes"]


def capture_of(experiment: Experiment, captures: Sequence[str] = ()) -> Capture:
    """Open the captures of an experiment, or others, without what is out of its scope.

    Raises
    ------
    RtmlError
        One of them cannot be opened.
    """
    return InScope.of(open_captures(captures or experiment.capture), experiment.looked_at)


def scope_notes(scope: Scope) -> list[str]:
    """Say what an experiment does not look at; an attack there cannot be found, and counts as missed.

    Examples
    --------
    >>> scope_notes(Scope(off=("dns",), exclude={"images": ("a",)}))
    ['looked at within a scope: without dns events; images without a; attacks outside count as missed']
    >>> scope_notes(Scope())
    []
    """
    said = [f"without {source} events" for source in scope.off]
    said += [f"{what} only {', '.join(patterns)}" for what, patterns in scope.include.items()]
    said += [f"{what} without {', '.join(patterns)}" for what, patterns in scope.exclude.items()]
    if not said:
        return []
    return [f"looked at within a scope: {'; '.join(said)}; attacks outside count as missed"]
