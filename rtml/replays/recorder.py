"""Record a sitting: check, prepare, run it in private namespaces, finish, import, label.

This side touches nothing but its cache and output folders; everything that could be left behind
lives inside namespaces that end with the sitting (`rtml.replays.private`).
"""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtml.captures import import_capture, open_capture
from rtml.errors import RtmlError, UsageError, lookup
from rtml.reading.parquet import read_parquet
from rtml.replays.auditing import auditing
from rtml.replays.catalogue import addressed, catalogue
from rtml.replays.cleanup import claim, sweep
from rtml.replays.comparing import seen_by
from rtml.replays.contract import Attack
from rtml.replays.doctor import examine, require
from rtml.replays.finishing import join_logs, log_of, sitting_of, write_json
from rtml.replays.folders import PREFIX, cache_folder
from rtml.replays.image import lacking, recipe_hash
from rtml.replays.journal import read_journal
from rtml.replays.labelling import write_labels
from rtml.replays.moments import refuse_moments
from rtml.replays.network import table_overflows
from rtml.replays.private import command
from rtml.replays.quality import Finding, examine_recording
from rtml.replays.reading import load_changes, load_workloads
from rtml.replays.scenario import Scenario, moved

__all__ = ["Recording", "check_scenario", "images_of_the_lab", "record"]

_PATIENCE = 60.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Recording:
    """What `record` made: its log (see ``log.json``) and how it keeps its promises."""

    log: dict[str, Any]
    quality: list[Finding]


def record(scenario: Scenario, out: Path, say: Say) -> Recording:
    """Record one sitting into a new folder.

    Parameters
    ----------
    scenario
        What to record.
    out
        Folder to make: ``bpftrace.jsonl.gz``, ``sitting.json``, ``labels.jsonl``, ``log.json``,
        ``capture/``, ``labels.parquet``.
    say
        Called with a line of text now and then.

    Raises
    ------
    UsageError
        The scenario names an unknown workload or attack, or ``out`` exists.
    RtmlError
        The machine lacks something (nothing has been changed then), an image cannot be made, or
        the lab did not come up. A sitting that ended early is kept and marked incomplete.
    """
    attacks = check_scenario(scenario)
    if out.exists():
        raise UsageError(f"{out}: exists already; remove it or choose another place", argument="out")
    require(examine())
    for name in sweep():
        say(f"removed what {name} had left")
    images = images_of_the_lab(say)
    wanted = [program for a in attacks.values() for program in a.needs]
    if missing := lacking(images, wanted):
        raise RtmlError(f"the images lack {', '.join(missing)}: add them to rtml/replays/image.py")
    full = table_overflows()
    raw = out / "raw"
    raw.mkdir(parents=True)
    with claim(f"{PREFIX}{os.getpid()}-{secrets.token_hex(3)}") as folder:
        (folder / "scenario.json").write_text(scenario.model_dump_json())
        stage = command("rtml.replays.stage", str(folder), str(raw), str(images), network=False)
        with auditing(folder / "audit", "audit" in scenario.sensors) as audit:
            problem = _watch_over([*(audit.words if audit else []), *stage], say)
        logs = _kept(audit.logs if audit else {}, out)
    recording = _finish(scenario, attacks, out, problem, table_overflows() - full, say)
    if audit:
        say("comparing what each sensor saw")
        labels = read_parquet(out / "labels.parquet")
        recording.log["seen_by"] = {**seen_by(out, logs, labels, attacks), "audit_lost": audit.lost}
        write_json(out / "log.json", recording.log)
    return recording


def _kept(logs: Mapping[str, Path], out: Path) -> dict[str, Path]:
    """Pack the logs of other sensors into the recording."""
    kept = {}
    for name, path in logs.items():
        kept[name] = out / f"{path.name}.gz"
        with path.open("rb") as stream, gzip.open(kept[name], "wb", compresslevel=5) as packed:
            shutil.copyfileobj(stream, packed)
    return kept


def check_scenario(scenario: Scenario) -> dict[str, Attack]:
    """Return the scenario's attacks; everything that it names must exist and be up."""
    workloads, all_attacks = load_workloads(), catalogue()
    for name in (*scenario.workloads, *moved(scenario)):
        lookup(workloads, name, "workload")
    _refuse_changes(scenario)
    named = [*scenario.attacks, *(r.attack for r in scenario.rollouts if r.attack)]
    attacks = {name: lookup(all_attacks, name, "attack") for name in named}
    if len(attacks) < len(named):
        raise UsageError(f"scenario {scenario.name!r} names an attack twice")
    for attack in attacks.values():
        _refuse_without_place(attack, scenario)
    for rollout in scenario.rollouts:
        lookup(scenario.workloads, rollout.workload, "workload")
        if rollout.attack and attacks[rollout.attack].workload != rollout.workload:
            raise UsageError(f"attack {rollout.attack!r} is in no version of {rollout.workload!r}")
    refuse_moments(scenario, attacks, workloads)
    return attacks


def _refuse_changes(scenario: Scenario) -> None:
    known = {action.what: action for action in load_changes()}
    for change in scenario.changes:
        action = lookup(known, change.what, "change")
        lookup(scenario.workloads, change.workload, "workload")
        if change.workload not in action.where:
            raise UsageError(f"change {change.what!r} is not done in {change.workload!r}")


def _refuse_without_place(attack: Attack, scenario: Scenario) -> None:
    if missing := set(addressed(attack)) - set(scenario.workloads) - {"infra"}:
        raise UsageError(f"attack {attack.id!r} needs workload {sorted(missing)[0]!r}: add it")
    up = scenario.workloads.get(attack.workload, 0)
    if attack.replicas > up:
        raise UsageError(
            f"attack {attack.id!r} is spread over {attack.replicas} replicas of {attack.workload!r},"
            f" the scenario has {up}"
        )
    if (attack.entry == "rollout") == (attack.id in scenario.attacks):
        raise UsageError(
            f"attack {attack.id!r} comes by {attack.entry}: name it in "
            f"{'a roll-out of version 3' if attack.entry == 'rollout' else '`attacks`'}"
        )


def images_of_the_lab(say: Say) -> Path:
    """Return the store of the lab's images, made now if the cache lacks it.

    Raises
    ------
    RtmlError
        An image cannot be made, for example because no Debian mirror can be reached.
    """
    store = cache_folder() / f"images-{recipe_hash()}"
    if not (store / "complete").exists():
        cache_folder().mkdir(parents=True, exist_ok=True)
        make = command("rtml.replays.image", str(cache_folder()), network=True)
        if problem := _watch_over(make, say):
            raise RtmlError(problem)
    return store


def _watch_over(words: list[str], say: Say) -> str:
    """Run a program to its end; Ctrl-C and SIGTERM ask it to stop. Return its complaint."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    errors: list[str] = []
    ears = [
        threading.Thread(target=_relay, args=(process.stdout, say)),
        threading.Thread(target=_relay, args=(process.stderr, errors.append)),
    ]
    for ear in ears:
        ear.start()
    with _stop_signals() as stop:
        while process.poll() is None and not stop.wait(0.2):
            pass
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
    for ear in ears:
        ear.join()
    for stream in (process.stdout, process.stderr):
        stream.close()  # type: ignore[union-attr]
    return "" if process.returncode in (0, 3) else " / ".join(errors[-3:]) or "it was killed"


@contextlib.contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event while the block runs."""
    stop = threading.Event()
    before = {s: signal.signal(s, lambda *_: stop.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _relay(stream: Any, say: Callable[[str], Any]) -> None:
    for line in stream:
        say(line.rstrip())


def _finish(
    scenario: Scenario, attacks: dict[str, Attack], out: Path, problem: str, overflows: int, say: Say
) -> Recording:
    """Make the recording of what the stage left, complete or not."""
    facts = read_journal(out / "raw" / "journal.jsonl")
    up = any(f["what"] == "up" for f in facts)
    if not up:
        shutil.rmtree(out)
        raise RtmlError(f"the lab did not come up: {problem or 'stopped'}")
    say("writing the recording")
    log = log_of(scenario, facts, join_logs(out / "raw", facts, out / "bpftrace.jsonl.gz"))
    write_json(out / "sitting.json", sitting_of(facts))
    shutil.rmtree(out / "raw")
    say("importing it")
    import_capture("bpftrace", [out / "bpftrace.jsonl.gz"], out / "capture")
    labels = write_labels(out, facts, attacks)
    capture = open_capture(out / "capture")
    quality = examine_recording(capture, labels, attacks, overflows)
    log["table_overflows"] = overflows
    log["quality"] = [vars(finding) for finding in quality]
    if problem and problem not in log["incomplete_because"]:
        log |= {"complete": False, "incomplete_because": [*log["incomplete_because"], problem]}
    write_json(out / "log.json", log)
    return Recording(log, quality)
