"""``rtml capture coverage``: what a capture covers, and what can be found in it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_facts, print_json, print_table
from rtml.commands.progress import progress

if TYPE_CHECKING:
    from rtml.coverage import Coverage

__all__ = ["show_coverage"]


def show_coverage(
    captures: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Captures.", callback=arguments.capture)
    ],
    gap: Annotated[float, typer.Option("--gap", min=1, help="Seconds of silence that are a gap.")] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say what a capture covers: `rtml capture coverage datasets/lab-v1/capture`.

    Hosts, containers, kinds, gaps, silent hosts, losses; then which finding types and feature families it can
    support, and why not the others.
    """
    from rtml.captures import open_captures
    from rtml.coverage import coverage_of

    with progress("looking at the capture"):
        covered = coverage_of(open_captures(captures), dt.timedelta(seconds=gap))
    if as_json:
        print_json(_document(covered))
    else:
        _show(covered)


def _document(covered: Coverage) -> dict[str, Any]:
    tables = ("hosts", "gaps", "types", "families")
    plain = {name: getattr(covered, name) for name in ("facts", "kinds", "amiss")}
    return {**plain, **{name: getattr(covered, name).to_dicts() for name in tables}}


def _show(covered: Coverage) -> None:
    seen = [f"{kind}={count:,}" for kind, count in covered.kinds.items() if count]
    absent = [kind for kind, count in covered.kinds.items() if count == 0]
    blind = [kind for kind, count in covered.kinds.items() if count is None]
    repairs = covered.facts.get("repairs", {})
    facts = {**covered.facts, "sensors": ", ".join(covered.facts["sensors"])}
    if repairs:
        facts["repairs"] = " · ".join(f"{what} {count:,}" for what, count in repairs.items())
    kinds = {"kinds": " ".join(seen), "not seen": " ".join(absent), "blind to": " ".join(blind)}
    print_facts({**facts, **kinds})
    print_table("hosts", covered.hosts.columns, covered.hosts.rows())
    if covered.gaps.height:
        print_table("gaps", covered.gaps.columns, covered.gaps.head(10).rows())
    for fact in covered.amiss:
        console.print(f"! {fact}", markup=False)
    for name, table in (("finding types", covered.types), ("feature families", covered.families)):
        print_table(name, table.columns, table.rows())
        counts = dict(table.group_by("supported").len().iter_rows())
        console.print(" · ".join(f"{word} {n}" for word, n in sorted(counts.items())), markup=False)
