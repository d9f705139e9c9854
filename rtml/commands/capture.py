"""``rtml capture import|follow|serve|coverage|info|check``."""

from __future__ import annotations

from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rtml.commands import arguments
from rtml.commands.capture_coverage import show_coverage
from rtml.commands.capture_follow import Containers, follow_log
from rtml.commands.capture_serve import serve_captures
from rtml.commands.names import ALERTS, AUTO, GENERIC
from rtml.commands.output import console, print_facts, print_json, print_table
from rtml.commands.progress import progress
from rtml.commands.shared_options import Scope
from rtml.errors import RtmlError, UsageError

if TYPE_CHECKING:
    from rtml.captures.manifest import Manifest
    from rtml.captures.sensors import Sensor

__all__ = ["app"]

app = typer.Typer(help="Make, describe and check captures.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
CapturePath = Annotated[
    str, typer.Argument(metavar="CAPTURE", help="Folder of a capture.", callback=arguments.capture)
]


@app.command("import")
def import_(
    sensor: Annotated[
        str,
        typer.Argument(
            metavar="SENSOR",
            help="falco, tetragon, sysflow, k8s-audit …; auto: told by the content; generic: by --mapping.",
            callback=arguments.sensor,
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Sensor files, folders, patterns, `s3://bucket/logs`, or `-`.",
            callback=arguments.readable,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the new capture.", callback=arguments.new)],
    scope: Scope = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", help="Which column is what (YAML), for generic.", callback=arguments.existing
        ),
    ] = None,
    containers: Containers = None,
    as_json: Json = False,
) -> None:
    """Import sensor output: `rtml capture import falco alerts.json.gz --out captures/today`.

    Lines that cannot be read are counted and kept with their reason in `rejects.parquet`.
    """
    _mapping_fits(sensor, mapping)
    from rtml.captures import import_capture
    from rtml.captures.notes import notes_of
    from rtml.reading.remote import fetched
    from rtml.reading.spooling import spooled

    mapped = None if mapping is None else _mapped(mapping)
    with fetched(inputs) as here, spooled(here) as files:
        named = sensor != AUTO and not any(path.is_dir() or not path.exists() for path in files)
        if not named:
            sensor, files = _recognised(files, sensor, mapped, as_json)
        with progress(f"importing {len(files)} file(s)"):
            copies: Literal["refuse", "leave out"] = "refuse" if named else "leave out"
            manifest = import_capture(mapped or sensor, files, out, scope, copies, containers or ())
    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    console.print(
        f"{out}: {manifest.events:,} events · {len(manifest.containers)} containers ·"
        f" lost {manifest.lost:,} · rejected {manifest.rejected:,}",
        markup=False,
    )
    for name, fact in notes_of(manifest).items():
        console.print(f"  {name}: {fact}", markup=False)
    for switch, count in manifest.left_out.items():
        console.print(f"  out of scope {count:,}: {switch}", markup=False)
    for reason, count in manifest.reject_reasons.items():
        console.print(f"  rejected {count:,}: {reason}", markup=False)
    for what, count in manifest.beside.items():
        console.print(f"  no event {count:,}: {what}", markup=False)
    if manifest.sensor in ALERTS:
        take = f"rtml findings import {manifest.sensor} FILE... --out findings.parquet"
        console.print(f"  what {manifest.sensor} itself raised are findings: {take}", markup=False)


def _mapping_fits(sensor: str, mapping: Path | None) -> None:
    """Refuse rows of any tool without a mapping, and a sensor's with one."""
    if (sensor == GENERIC) == (mapping is not None):
        return
    reason = f"{sensor} knows its columns; a mapping is for generic only"
    if mapping is None:
        reason = "generic rows need a mapping: name the file that says which column is what"
    raise UsageError(reason, argument="mapping")


def _mapped(mapping: Path) -> Sensor:
    from rtml.captures.sensors.generic import generic

    return generic(mapping)


def _recognised(paths: list[Path], sensor: str, mapped: Sensor | None, quiet: bool) -> tuple[str, list[Path]]:
    """Say which sensor wrote the files, and which files of a folder none did, or another."""
    from rtml.captures.sensors import SENSORS
    from rtml.captures.sensors.choosing import SeveralSensorsError, choose

    try:
        chosen = choose(paths, None if sensor == AUTO else mapped or SENSORS[sensor])
    except SeveralSensorsError as error:
        ways = (
            f"`rtml capture import {name} {join(map(str, own))} --out {name}`"
            for name, own in error.ways.items()
        )
        raise UsageError(f"{error}: {', '.join(ways)}") from error
    if not quiet:
        console.print(f"recognised: {chosen.sensor}, {len(chosen.files)} file(s)", markup=False)
        whose = "of no sensor" if sensor == AUTO else f"not of {chosen.sensor}"
        for path in chosen.passed_over:
            console.print(f"  passed over, {whose}: {path}", markup=False)
    return chosen.sensor, chosen.files


app.command("follow")(follow_log)
app.command("serve")(serve_captures)
app.command("coverage")(show_coverage)


def _audit_facts(manifest: Manifest) -> dict[str, object]:
    if not manifest.audit:
        return {}
    requests = manifest.audit - manifest.audit_earlier
    text = f"{requests:,} requests; {manifest.audit_earlier:,} rows are earlier stages or copies"
    return {"audit": text}


@app.command()
def info(path: CapturePath, as_json: Json = False) -> None:
    """Describe a capture: `rtml capture info datasets/lab-v1/capture`."""
    from rtml.captures import open_capture
    from rtml.captures.notes import notes_of

    capture = open_capture(path)
    manifest = capture.manifest
    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    print_facts(
        {
            "capture": path,
            "sensor": manifest.sensor_named,
            "hosts": ", ".join(manifest.hosts),
            "time": f"{manifest.start} … {manifest.end}" if manifest.events else "no events",
            "events": f"{manifest.events:,}",
            "kinds": " ".join(f"{kind}={n:,}" for kind, n in manifest.kinds.items()),
            **_audit_facts(manifest),
            **notes_of(manifest),
            "lost": f"{manifest.lost:,}",
            "rejected": f"{manifest.rejected:,}",
            "blind to": " ".join(manifest.blind) or "nothing it lists",
        }
    )
    columns = ["workload", "image", "role", "events", "first_seen", "last_seen"]
    rows = capture.containers().sort("first_seen").select("container_id", *columns).rows()
    print_table("", ["container", *columns], [(str(r[0])[:12], *r[1:]) for r in rows])


@app.command()
def check(path: CapturePath, as_json: Json = False) -> None:
    """Hold a capture against its manifest: `rtml capture check CAPTURE`.

    Exit code 1 when a promise of the format is broken; losses and rejects are only reported.
    """
    from rtml.captures import check_capture, open_capture

    with progress("reading the capture"):
        checks = check_capture(open_capture(path))
    rows = [("ok" if c.ok else "BROKEN" if c.grave else "note", c.name, c.found) for c in checks]
    print_table("", ["", "promise", "found"], rows, as_json)
    broken = [c.name for c in checks if c.grave and not c.ok]
    if broken:
        raise RtmlError(f"{path}: {len(broken)} promise(s) broken: {'; '.join(broken)}")
