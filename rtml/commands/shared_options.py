"""Options that several commands have, with one spelling, one help and one check each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import amounts, arguments, names

__all__ = ["Address", "Budget", "Engine", "Falco", "Lists", "Scope", "Sigma", "Suppress"]

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
    typer.Option("--budget", help="False findings per container-day.", min=0, callback=amounts.above_zero),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", help="Where it runs: local, ray.", callback=arguments.one_of("engine", names.ENGINES)
    ),
]
Sigma = Annotated[
    list[Path] | None,
    typer.Option("--sigma", help="Sigma file or folder (repeatable).", callback=arguments.existing),
]
Falco = Annotated[
    list[Path] | None,
    typer.Option("--falco", help="Falco file or folder (repeatable).", callback=arguments.existing),
]
Lists = Annotated[
    Path | None,
    typer.Option("--lists", help="Values of lists that rules name (YAML).", callback=arguments.existing),
]
Address = Annotated[str | None, typer.Option("--address", help="Of a Ray cluster; without one it runs here.")]
