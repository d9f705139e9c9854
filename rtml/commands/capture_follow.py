"""``rtml capture follow``: a log that grows becomes a capture that grows with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments, names
from rtml.commands.output import console, print_json
from rtml.commands.shared_options import Scope
from rtml.commands.stopping import heard_stop
from rtml.errors import UsageError

if TYPE_CHECKING:
    from rtml.captures.manifest import Manifest

__all__ = ["Containers", "follow_log"]

Containers = Annotated[
    list[Path] | None,
    typer.Option(
        "--containers",
        help="Names of containers: kubectl get pods -o json, crictl ps -o json, docker inspect. Repeatable.",
        callback=arguments.existing,
    ),
]


def follow_log(
    sensor: Annotated[
        str,
        typer.Argument(
            metavar="SENSOR",
            help="bpftrace, k8s-audit … auto: told by the beginning.",
            callback=arguments.one_of("sensor", names.LOGS),
        ),
    ],
    source: Annotated[str, typer.Argument(metavar="PATH|-", help="The log, or - for standard input.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the capture: new, or followed before.")],
    seconds: Annotated[float, typer.Option("--every", min=0.1, help="Commit after so many seconds.")] = 10.0,
    events: Annotated[int, typer.Option("--events", min=1, help="Or after so many events.")] = 250_000,
    once: Annotated[
        bool, typer.Option("--once", help="Stop at the end of what is there; the next time goes on.")
    ] = False,
    scope: Scope = None,
    containers: Containers = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the last manifest as JSON.")] = False,
) -> None:
    """Follow a log that grows: `rtml capture follow bpftrace /var/log/bpftrace.jsonl --out captures/now`.

    The capture can be opened at any time. Events and the place in the log are kept together: stopped or
    killed at any moment and started again, nothing is lost and nothing is there twice. Rotated logs (renamed,
    or copied and cut, packed or not) are read to their ends. Stops at Ctrl-C.
    """
    from rtml.captures.following.follow import Pulse, follow

    if once and source == "-":
        raise UsageError("standard input is always read to its end; leave --once out")
    with heard_stop() as stop:
        pulse = Pulse(seconds=seconds, events=events, once=once, stopped=stop.asked, pressed=stop.pressing)
        manifest = follow(sensor, source, out, pulse, None if as_json else _tell, scope, containers or ())
    if as_json:
        print_json(manifest.model_dump(mode="json"))


def _tell(manifest: Manifest) -> None:
    growing = manifest.growing
    notes = ["", ""]
    if manifest.late:
        notes[0] = f" · {manifest.late:,} late"
    if growing is not None and growing.broken:
        notes[1] = f" · the log shrank or was replaced {growing.broken}x before it had been read"
    console.print(
        f"{manifest.end or 'no events yet'}: {manifest.events:,} events"
        f" · {len(manifest.containers)} containers · lost {manifest.lost:,}"
        f" · rejected {manifest.rejected:,}{''.join(notes)}",
        markup=False,
    )
