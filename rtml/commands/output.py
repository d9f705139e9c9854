"""How commands print: tables for people, JSON for machines, hostile strings made harmless."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rtml.reading import whole
from rtml.text import visible

if TYPE_CHECKING:
    import polars as pl

__all__ = ["console", "print_facts", "print_json", "print_table", "write_parquet"]

_WIDE = 140
console = Console(
    highlight=False,
    # A pipe has no width: tables keep all their columns there.
    width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE,
)
"""Where commands print."""


def print_json(value: Any) -> None:
    """Print one strict JSON document on standard output."""
    typer.echo(json.dumps(value, indent=1, default=str, allow_nan=False))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], as_json: bool = False
) -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(escape(visible(_cell(cell))) for cell in row))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print name and value, one a line."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        console.print(f"[bold]{name:<{width}}[/]  {escape(visible(str(value)))}")


def write_parquet(table: pl.DataFrame, out: Path) -> None:
    """Write a table whole or not at all."""
    whole.write_parquet(out, table)
