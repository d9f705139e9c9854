"""Every command with its options, as ``--help`` prints them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from docsite.markdown import cell, table
from rtml.cli import app
from rtml.commands.evaluate_selftest import JudgeByDefault

__all__ = ["commands", "named_commands"]

_HEAD = """# Commands and options

Made from the commands themselves. An overview by task: [commands](../commands.md).

"""


def commands() -> str:
    """Return the page."""
    return _HEAD + "".join(_one(name, command) for name, command in named_commands())


def named_commands() -> Iterator[tuple[str, Any]]:
    """Yield ``rtml NAME ...`` and the command, of those that do something."""
    yield from _below("rtml", get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for part in sorted(inner):
            if not inner[part].hidden:
                unsaid = isinstance(command, JudgeByDefault) and part == "judge"
                yield from _below(name if unsaid else f"{name} {part}", inner[part])


def _one(name: str, command: Any) -> str:
    rows = [
        (", ".join(f"`{word}`" for word in _words(each)), each.help or "")
        for each in command.params
        if not getattr(each, "hidden", False)
    ]
    said = "\n\n".join(cell(part) for part in inspect.cleandoc(command.help or "").split("\n\n"))
    return f"## {name}\n\n{said}\n\n{table(('option', 'meaning'), rows)}\n"


def _words(parameter: Any) -> list[str]:
    """Return how an option is written, or what help calls an argument."""
    if parameter.param_type_name == "argument":
        return [parameter.metavar or parameter.name.upper()]
    return [*parameter.opts, *parameter.secondary_opts]
