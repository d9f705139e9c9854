"""``rtml replay list|record|scorecard|doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_table
from rtml.commands.scorecard import scorecard
from rtml.commands.splice import splice
from rtml.errors import RtmlError

__all__ = ["app"]

app = typer.Typer(help="Record real, harmless, labelled attacks.", no_args_is_help=True)
app.command()(splice)
app.command()(scorecard)

Clean = Annotated[bool, typer.Option("--clean", help="Remove what killed sittings left.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the attacks that can be replayed: `rtml replay list`."""
    from rtml.replays.catalogue import catalogue

    rows = [
        (a.id, a.technique, a.family, a.workload, a.entry, a.grade, "quiet" if a.quiet else "", a.name)
        for a in catalogue().values()
    ]
    columns = ["attack", "technique", "family", "workload", "entry", "grade", "", "name"]
    print_table("", columns, rows, as_json)


@app.command()
def record(
    scenario: Annotated[Path, typer.Option("--scenario", help="Scenario file.", callback=arguments.existing)],
    out: Annotated[Path, typer.Option("--out", help="Folder of the new recording.", callback=arguments.new)],
) -> None:
    """Record a sitting: `rtml replay record --scenario experiments/replay-smoke.yml --out DIR`.

    Needs root. Ctrl-C ends it early; what was recorded is kept and marked incomplete.
    """
    from rtml.replays.reading import load_scenario
    from rtml.replays.recorder import record

    done = record(load_scenario(scenario), out, lambda text: console.print(text, markup=False))
    log = done.log
    console.print(
        f"{out}: {log['lines']:,} lines in {log['seconds']:g} s · {len(log['attacks'])} attacks ·"
        f" CPU busy {log['cpu_busy_share'] or 0:.0%} · sensor {log['sensor_cpu_share']:.1%}",
        markup=False,
    )
    rows = [("ok" if f.ok else "LOOK", f.name, f.found) for f in done.quality]
    print_table("", ["", "promise", "found"], rows)
    if not log["complete"]:
        raise RtmlError(f"{out}: incomplete: {'; '.join(log['incomplete_because'])}")


@app.command()
def doctor(
    clean: Annotated[bool, typer.Option("--clean", help="Remove what killed sittings left.")] = False,
    as_json: Json = False,
) -> None:
    """Check whether this machine can record: `rtml replay doctor`."""
    from rtml.replays.cleanup import leftovers, sweep
    from rtml.replays.doctor import examine, require

    checks = examine()
    rows = [("ok" if c.ok else "MISSING", c.name, c.found, c.remedy) for c in checks]
    print_table("", ["", "piece", "found", "remedy"], rows, as_json)
    left = sweep() if clean else leftovers()
    for name in left:
        console.print(f"{'removed' if clean else 'left over'}: {name}", markup=False)
    require(checks)
