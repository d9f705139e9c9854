"""What somebody should know of a capture before trusting in silence, whoever looks at it."""

from __future__ import annotations

from rtml.captures import Capture
from rtml.captures.notes import nameless
from rtml.coverage.destinations import destinations_only

__all__ = ["remarks"]


def remarks(capture: Capture) -> list[str]:
    """Return why nothing can match in it, or what alone can; empty where neither is so."""
    said = (nameless(capture.manifest), destinations_only(capture))
    return [sentence for sentence in said if sentence]
