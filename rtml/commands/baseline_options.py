"""What the commands of ``rtml baseline`` share: which baseline, which groups, which families."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from rtml.commands import arguments, names

__all__ = ["Families", "Place", "Workloads"]

Place: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="BASELINE", help="Its folder, or a model's folder or MLflow URI.", callback=arguments.baseline
    ),
]
"""The baseline that a command is about."""

Workloads: TypeAlias = Annotated[
    list[str] | None, typer.Option("--workload", help="Only these peer groups (repeatable).")
]
"""Parts of it, by peer group."""

Families: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--family",
        help="Only these feature families (repeatable).",
        callback=arguments.one_of("feature family", names.FAMILIES),
    ),
]
"""Parts of it, by feature family."""
