"""One sitting, from inside its private namespaces: sensor, containers, agenda, end.

Run by the recorder as ``python -m rtml.replays.stage FOLDER RAW IMAGES``. It writes raw sensor logs
and a journal into RAW; when its standard input closes (the recorder wants it or is dead) it stops.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.clock import stamp
from rtml.replays.containers import Podman
from rtml.replays.journal import Journal
from rtml.replays.lab import Lab
from rtml.replays.play import Play
from rtml.replays.private import settle, tracing
from rtml.replays.reading import load_workloads
from rtml.replays.scenario import Scenario
from rtml.replays.watching import Watch, busy_ticks

__all__ = ["main"]

_DISK = 500_000_000


def main(folder: Path, raw: Path, images: Path) -> int:
    """Record one sitting; 0 when it came to its planned end."""
    stopping = threading.Event()
    threading.Thread(target=_listen, args=(stopping,), daemon=True).start()
    journal = Journal(raw / "journal.jsonl")
    scenario = Scenario.model_validate_json((folder / "scenario.json").read_text())
    try:
        settle(network=False)
        tracing()
        complete = _record(scenario, folder, raw, images, journal, stopping)
    except Exception as error:
        expected = isinstance(error, RtmlError)
        text = str(error) if expected else f"{type(error).__name__}: {error}"
        journal.write("incomplete", why=text, at=stamp())
        sys.stderr.write(f"{text}\n")
        return 1
    return 0 if complete else 3


def _listen(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()


def _record(
    scenario: Scenario, folder: Path, raw: Path, images: Path, journal: Journal, stopping: threading.Event
) -> bool:
    journal.write("begin", **stamp())
    watch = Watch(folder, raw, scenario.pages, journal)
    busy = busy_ticks()
    try:
        lab = Lab(folder, Podman(folder, images, folder.name), journal)
        workloads = load_workloads()
        names = {"infra": 1} | scenario.workloads
        lab.up({name: (workloads[name], count) for name, count in names.items()})
        journal.write("up", **stamp())
        sys.stdout.write(f"{len(lab.places)} containers are up\n")
        sys.stdout.flush()
        complete = _perform(Play(scenario, lab, watch, journal, stopping), lab, watch, raw, journal)
    finally:
        watch.stop()
        work, total = (b - a for a, b in zip(busy, busy_ticks(), strict=True))
        journal.write("end", cpu_busy_share=round(work / max(total, 1), 3), **stamp())
    return complete


def _perform(play: Play, lab: Lab, watch: Watch, raw: Path, journal: Journal) -> bool:
    """Let the play run; look after sensor, containers and disk meanwhile."""
    play.start()
    checked = time.monotonic()
    why = ""
    while not why and not play.over():
        play.stopping.wait(0.5)
        if play.stopping.is_set():
            why = "stopped"
        elif watch.ended():
            why = f"the sensor ended: {watch.words()}"
        elif time.monotonic() - checked > 10:
            checked = time.monotonic()
            if shutil.disk_usage(raw).free < _DISK:
                why = "the disk is full"
            _revive(lab, journal)
    if why:
        journal.write("incomplete", why=why, at=stamp())
    play.stop()
    return not why


def _revive(lab: Lab, journal: Journal) -> None:
    """Replace containers that ended by themselves, as an orchestrator does."""
    for container in lab.dead():
        journal.write("died", place=container.place, words=lab.podman.output(container.name)[-200:])
        lab.replace(container.place)


if __name__ == "__main__":
    sys.exit(main(*(Path(word) for word in sys.argv[1:4])))
