"""Options that several commands have, with one spelling, one help and one check each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments

__all__ = ["Budget", "Scope", "Suppress"]

Scope = Annotated[
    Path | None, typer.Option("--scope", help="What to look at (YAML).", callback=arguments.existing)
]
Suppress = Annotated[
    Path | None,
    typer.Option(
        "--suppress", help="Suppression rules (YAML), or verdicts (JSONL).", callback=arguments.existing
    ),
]
Budget = Annotated[
    float | None,
    typer.Option("--budget", help="False findings per container-day.", min=0, callback=arguments.above_zero),
]
