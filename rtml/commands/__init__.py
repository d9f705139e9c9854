"""Commands: one file each, registered here. Heavy imports stay inside the functions."""

from __future__ import annotations

import typer

from rtml.commands import capture
from rtml.commands.features import features
from rtml.commands.rules import rules

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add every command to the ``rtml`` application."""
    app.add_typer(capture.app, name="capture")
    app.command()(features)
    app.command()(rules)
