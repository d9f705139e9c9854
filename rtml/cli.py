"""The ``rtml`` command: one file per command in `rtml.commands`, errors as one clear line."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import rtml
from rtml.commands import register
from rtml.commands.options import with_option
from rtml.errors import RtmlError
from rtml.text import visible

__all__ = ["app", "main"]

# Nothing phones home (law 10); a user who wants it sets these the other way.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

app = typer.Typer(
    name="rtml",
    help="Anomaly detection for container runtime security, models beside rules.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
register(app)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    if version:
        typer.echo(f"rtml {rtml.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; exit code 0, 1 (the work failed) or 2 (wrong use)."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]
    try:
        code = app(args=arguments, standalone_mode=False)
    except Exception as error:
        if debug:
            raise
        code = _report(error)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    """Say what went wrong in one line and choose the exit code."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if isinstance(error, typer.Abort):
        return 130
    if isinstance(error, RtmlError):
        message, code = with_option(error), error.exit_code
    elif hasattr(error, "format_message"):  # wrong use, found by the command-line parser
        message, code = str(error.format_message()), 2
    elif isinstance(error, BrokenPipeError):
        return 0
    else:
        text = str(error).splitlines()
        message, code = f"{type(error).__name__}: {text[0] if text else ''} (--debug shows more)", 1
    console.print(f"[bold red]error:[/] {escape(visible(message, 2000))}")
    return code


if __name__ == "__main__":
    main()
