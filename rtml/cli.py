"""The ``rtml`` command: one file per command in `rtml.commands`, errors as one clear line."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import rtml
from rtml.commands import register
from rtml.commands.last_words import spoken_for
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
    if not debug:  # nobody who runs a command reads the stack of Rust
        os.environ["RUST_BACKTRACE"] = "0"
    with spoken_for():
        code = _run(arguments, debug)
    sys.exit(code)


def _run(arguments: list[str], debug: bool) -> int:
    try:
        code = app(args=arguments, standalone_mode=False)
    except KeyboardInterrupt:
        return 130
    except SystemExit:
        raise
    except BaseException as error:  # a panic of Rust is no Exception
        if debug:
            raise
        return _report(error)
    return code if isinstance(code, int) else 0


def _report(error: BaseException) -> int:
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
        message, code = _unforeseen(error), 1
    console.print(f"[bold red]error:[/] {escape(visible(message, 2000))}")
    return code


def _unforeseen(error: BaseException) -> str:
    """Put what is no error of ours into a sentence."""
    if isinstance(error, MemoryError):
        return "out of memory; try fewer or shorter captures, or more memory"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or _nameless()}: {error.strerror}"
    text = str(error).splitlines()
    first = text[0] if text else ""
    if type(error).__name__ == "PanicException":
        return f"Polars gave up ({first}): `rtml capture check` names damaged parts of a capture"
    return f"{type(error).__name__}: {first} (--debug shows more)"


def _nameless() -> str:
    """Name what the system does not: files that are results are written where errors name them."""
    temporary = f"a temporary file in {tempfile.gettempdir()}"
    return temporary if sys.stdout.isatty() else f"standard output, or {temporary}"


if __name__ == "__main__":
    main()
