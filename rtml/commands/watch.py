"""``rtml watch``: a log that grows, judged as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from rtml.commands import arguments, names
from rtml.commands.shared_options import Budget, Falco, Lists, Scope, Sigma, Suppress
from rtml.commands.stopping import heard_stop
from rtml.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from rtml.rules.chosen import Chosen
    from rtml.watching.judges import Judges

__all__ = ["watch_log"]


def watch_log(
    sensor: Annotated[
        str,
        typer.Argument(
            metavar="SENSOR",
            help="bpftrace, falco … auto: told by the beginning.",
            callback=arguments.one_of("sensor", names.LOGS),
        ),
    ],
    source: Annotated[str, typer.Argument(metavar="PATH|-", help="The log, or - for standard input.")],
    model: Annotated[
        str | None, typer.Option("--model", help="Folder, or MLflow URI of a model; none: rules only.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File that grows, or a folder; else standard output.", callback=arguments.local
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", help="As `rtml findings export`.", callback=arguments.one_of("format", names.EXPORTS)
        ),
    ] = "jsonl",
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Folder to go on from after a stop.", callback=arguments.local),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop at the end of what is there; the next time goes on.")
    ] = False,
    seconds: Annotated[float, typer.Option("--every", min=0.1, help="Look after so many seconds.")] = 3.0,
    events: Annotated[int, typer.Option("--events", min=1, help="Or after so many events.")] = 250_000,
    budget: Budget = None,
    hold: Annotated[str, typer.Option("--hold", help="How long a roll-out is waited for.")] = "10m",
    learn: Annotated[
        bool, typer.Option("--learn/--no-learn", help="Online detectors learn what did not alarm.")
    ] = True,
    release: Annotated[str, typer.Option("--release", help="When they learn what alarmed.")] = "7d",
    pack: Annotated[
        str | None,
        typer.Option(
            "--pack", help="container, k8s-audit, or 'none'; default: what fits.", callback=arguments.pack
        ),
    ] = None,
    sigma: Sigma = None,
    falco: Falco = None,
    lists: Lists = None,
    suppress: Suppress = None,
    scope: Scope = None,
    send: Annotated[
        list[str] | None,
        typer.Option(
            "--send", help="SINK=TARGET, as `rtml findings send` (repeatable).", callback=arguments.sink
        ),
    ] = None,
) -> None:
    """Watch a log: `rtml watch falco /var/log/falco.jsonl --model models:/shop@champion --state watched`.

    Tells on standard output what the batch jobs would find in the same events (docs/following.md); all
    else goes to standard error. A finding is told when it is known, and again under its id when it has grown
    and is complete; one that does not stand any more is told with severity 0. With `--state`, stopped or
    killed at any moment and started again, nothing is lost and nothing told twice. Ctrl-C and SIGTERM end
    it: exit code 0.
    """
    if once and source == "-":
        raise UsageError("standard input is always read to its end; leave --once out")
    chosen = _rules(pack, sigma, falco, lists)
    if model is None and chosen is None:
        raise UsageError("nobody judges: name a --model, or leave --pack none out")
    from rtml.captures.following.follow import Pulse
    from rtml.errors import lookup
    from rtml.findings.exports import EXPORTS
    from rtml.watching.watch import watch

    judging = _judges(model, chosen, pack is None, budget, (hold, release, learn), suppress)
    with heard_stop() as stop, judging as judges:
        pulse = Pulse(seconds=seconds, events=events, once=once, stopped=stop.asked, pressed=stop.pressing)
        done = watch(
            sensor, source, judges, lookup(EXPORTS, form, "format"), out=out, state=state, pulse=pulse,
            scope=scope, say=_say, sent=_sending(send or []),
        )  # fmt: skip
    counts = " · ".join(f"{count:,} {what}" for what, count in done.counts.items() if count)
    _say(f"{done.manifest.events:,} events until {done.manifest.end or 'now'}; {counts or 'nothing found'}")


def _rules(pack: str | None, sigma: Sigma, falco: Falco, lists: Lists) -> Chosen | None:
    from rtml.rules.chosen import Chosen

    if pack == "none" and not sigma and not falco:
        return None
    packs = () if pack == "none" else (pack or "container",)
    return Chosen(pack=packs, sigma=tuple(sigma or ()), falco=tuple(falco or ()), lists=lists)


@contextmanager
def _judges(
    model: str | None,
    chosen: Chosen | None,
    fits: bool,
    budget: float | None,
    pace: tuple[str, str, bool],
    suppress: Path | None,
) -> Iterator[Judges]:
    from rtml.findings.suppression.files import read_suppressions
    from rtml.models.files import digest_of
    from rtml.models.model import load_model
    from rtml.models.pace import Pace
    from rtml.tracking.places import fetched_model
    from rtml.watching.judges import Judges

    hold, release, learning = pace
    wanted = Pace(hold, release, learning=learning)
    quiet = read_suppressions(suppress) if suppress is not None else []
    if model is None:
        yield Judges(rules=chosen, fits=fits, pace=wanted, suppressions=quiet)
        return
    with fetched_model(model) as folder:
        loaded, digest = load_model(folder), digest_of(folder)
    yield Judges(loaded, digest, chosen, fits, budget, wanted, quiet)


def _sending(targets: list[str]) -> Callable[[pl.DataFrame, Path], None] | None:
    """Return what hands findings to sinks; what does not arrive is kept, and said."""
    from rtml.errors import lookup
    from rtml.findings.exports import Origin
    from rtml.findings.sinks import SINKS
    from rtml.findings.sinks.delivering import send

    def sent(findings: pl.DataFrame, spool: Path) -> None:
        for name, _, target in (one.partition("=") for one in targets):
            done = send(findings, lookup(SINKS, name, "sink"), target, spool, Origin())
            for reason, count in done.reasons.items():
                _say(f"{name}: {count:,} findings kept for the next time: {reason}")

    for name, _, target in (one.partition("=") for one in targets):
        lookup(SINKS, name, "sink").connect(target, Origin())
    return sent if targets else None


def _say(text: str) -> None:
    """Say something on standard error: standard output is for findings."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
