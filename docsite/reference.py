"""Reference pages: what the public face names, one page per room, from docstrings."""

from __future__ import annotations

import rtml
import rtml.analyst

__all__ = ["REFERENCE", "reference"]

_LOOP = {"features": "rtml.features.split_windows"}
"""What stands for a room that may be called."""

REFERENCE: dict[str, tuple[str, tuple[str, ...]]] = {
    "rtml": ("The loop", tuple(_LOOP.get(name, f"rtml.{name}") for name in rtml.__all__ if name != "hunt")),
    "analyst": ("The analyst's desk", tuple(f"rtml.analyst.{name}" for name in rtml.analyst.__all__)),
    "things": (
        "What the loop hands round",
        (
            "rtml.captures.Capture",
            "rtml.models.Model",
            "rtml.models.Scored",
            "rtml.models.Pace",
            "rtml.rules.running.run.Ran",
            "rtml.evaluation.ledger.Ledger",
            "rtml.detectors.contract.Detector",
            "rtml.features.contract.Family",
            "rtml.captures.sensors.contract.Sensor",
        ),
    ),
    "errors": ("Errors", ("rtml.errors",)),
}
"""Name of the page to its title and what stands on it."""


def reference(name: str) -> str:
    """Return the page: directives that mkdocstrings fills."""
    title, things = REFERENCE[name]
    said = "Made from docstrings; examples run as tests. The walk through them: [in Python](../python.md)."
    return f"# {title}\n\n{said}\n\n" + "".join(f"::: {thing}\n\n" for thing in things)
