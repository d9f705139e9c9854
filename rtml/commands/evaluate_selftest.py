"""``rtml evaluate selftest``: plant known mistakes in the harness, and see that each is noticed."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rtml.commands.output import console
from rtml.commands.progress import progress

__all__ = ["JudgeByDefault", "selftest_command"]

_JUDGE = "judge"


class JudgeByDefault(TyperGroup):
    """Commands below ``rtml evaluate``; what names none of them judges findings, as it always did."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front that is meant when none is named."""
        named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if named or not args else [_JUDGE, *args])


def selftest_command(
    every: Annotated[bool, typer.Option("--all", help="Say of each mistake what became of it.")] = False,
) -> None:
    """Plant known mistakes and cheats; exit with 1 when one passes in silence or an honest run is accused.

    Each mistake is planted by the program in a small world with a known truth and must be refused, said on
    the terminal, or paid for in false findings; ten honest runs must not be accused of anything.
    """
    from rtml.experiment.selftest import selftest

    with progress("self-test"):
        result = selftest()
    for name, what in result.noticed.items():
        if every or not what:
            console.print(
                f"{'ok' if what else 'SILENT':<7} {name}: {what or 'nothing was said'}", markup=False
            )
    for line in result.accused:
        console.print(f"ACCUSED {line}", markup=False)
    console.print(result.sentence(), markup=False)
    if result.silent or result.accused:
        raise typer.Exit(1)
