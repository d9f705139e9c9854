"""``rtml capture serve``: batches of events over HTTP become captures that grow."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments
from rtml.commands.output import console
from rtml.commands.shared_options import Scope
from rtml.errors import RtmlError

__all__ = ["serve_captures"]


def serve_captures(
    out: Annotated[
        Path, typer.Option("--out", help="Folder: ACCOUNT/CLUSTER/SENSOR below it.", callback=arguments.local)
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8040,
    tokens: Annotated[
        Path | None,
        typer.Option(
            "--tokens", help="Who may write where (YAML, hashes of tokens).", callback=arguments.existing
        ),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="For TLS (PEM).", callback=arguments.existing)
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="Key of the certificate (PEM).", callback=arguments.existing)
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond loopback without tokens or TLS.")
    ] = False,
    seconds: Annotated[float, typer.Option("--every", min=0.1, help="Commit after so many seconds.")] = 10.0,
    events: Annotated[int, typer.Option("--events", min=1, help="Or after so many events.")] = 100_000,
    largest: Annotated[float, typer.Option("--largest", min=0.001, help="Megabytes of a body.")] = 16.0,
    scope: Scope = None,
) -> None:
    """Take events over HTTP: `rtml capture serve --out captures --tokens tokens.yml`.

    POST lines of a sensor to /v1/events?sensor=NAME&account=A&cluster=C, or OTLP logs to /v1/logs. The
    answer 200 comes when a batch is on disk; one that is sent again with its Idempotency-Key is taken once.
    Stops at Ctrl-C; killed at any moment, nothing that was answered is lost.
    """
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise RtmlError(f"{' and '.join(missing)} is not installed: pip install 'rtml[serve]'")
    from rtml.serving.limits import Limits
    from rtml.serving.server import Door, serve

    door = Door(host, port, certificate, key, tokens is not None, insecure)
    from rtml.serving.app import Desk, application
    from rtml.serving.intake import Rhythm
    from rtml.serving.intakes import Intakes
    from rtml.serving.policy import Policy, read_policy

    policy = Policy() if tokens is None else read_policy(tokens)
    body = int(largest * 1e6)
    limits = Limits(body=body, unpacked=body * 4, waiting=max(Limits.waiting, body * 16))
    intakes = Intakes(out, Rhythm(seconds, events), limits.captures, scope)

    def told(address: str) -> None:
        console.print(f"listening on {address}", markup=False, soft_wrap=True)

    serve(application(Desk(policy, limits, intakes)), door, limits, told)
