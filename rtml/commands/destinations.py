"""A line for captures of flows: what can be judged in them, and what their containers are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtml.commands.output import console

__all__ = ["print_destinations_only"]


def print_destinations_only(captures: Sequence[str | Path]) -> None:
    """Say of each capture without processes that only its destinations are judged."""
    from rtml.captures import open_capture
    from rtml.coverage.destinations import destinations_only

    for place in captures:
        sentence = destinations_only(open_capture(str(place)))
        if sentence is not None:
            console.print(f"  {place}: {sentence}", markup=False)
