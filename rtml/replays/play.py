"""Play an agenda: attacks, actions, restarts and roll-outs, each at its time, several at once."""

from __future__ import annotations

import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from rtml.evaluation.origins import TRIAL
from rtml.replays.agenda import LONG, agenda, bound
from rtml.replays.catalogue import catalogue, poisoned
from rtml.replays.clock import stamp
from rtml.replays.contract import Action
from rtml.replays.entries import Entry
from rtml.replays.intruder import carry_out
from rtml.replays.journal import Journal
from rtml.replays.lab import PARTNERS, Lab, serves
from rtml.replays.operating import act
from rtml.replays.parts import attack_of, part_of
from rtml.replays.probes import Probes
from rtml.replays.reading import load_changes, load_operators, load_workloads
from rtml.replays.scenario import Rollout, Scenario
from rtml.replays.scenes import scenes
from rtml.replays.slowness import Slowness
from rtml.replays.watching import Watch

__all__ = ["Play"]

_UNTIL_LOSSY = 60.0
"""Seconds for which an attack waits for the sensor to have too small a buffer."""


class Play:
    """`start` it, ask whether it is `over`, `stop` it; all that happens is in the journal."""

    def __init__(
        self, scenario: Scenario, lab: Lab, watch: Watch, journal: Journal, stopping: threading.Event
    ) -> None:
        self.stopping = stopping
        self._scenario, self._lab, self._watch, self._journal = scenario, lab, watch, journal
        attacks = catalogue()
        self._attacks = {name: attacks[name] for name in (*scenario.attacks, *poisoned(scenario))}
        workloads, operators, changes = load_workloads(), load_operators(), load_changes()
        self._workloads = workloads
        self._actions = {(n, a.what): a for n, w in workloads.items() for a in w.actions}
        self._actions |= {(n, a.what): a for a in (*operators, *changes) for n in a.where}
        entries = agenda(scenario, list(self._attacks.values()), workloads, operators)
        entries += scenes(scenario, changes, list(PARTNERS))
        self._entries = sorted(entries, key=lambda e: e.at)
        self._pools = {
            "attack": ThreadPoolExecutor(scenario.parallel),
            "long": ThreadPoolExecutor(8),
            "poison": ThreadPoolExecutor(20),
            "action": ThreadPoolExecutor(4),
            "change": ThreadPoolExecutor(2),
        }
        self._futures: list[Future[None]] = []
        self._probes = Probes(lab, random.Random(scenario.seed), stopping)
        self._clock = threading.Thread(target=self._run, daemon=True)
        self._time = Slowness(scenario.stretch, stopping)

    def start(self) -> None:
        """Begin: time 0 of the agenda is now."""
        self._time.begin()
        self._probes.start()
        self._clock.start()

    def over(self) -> bool:
        """Tell whether the time is up and everything that was begun has ended."""
        late = self._time.now() >= self._scenario.seconds
        return late and not self._clock.is_alive() and all(f.done() for f in self._futures)

    def stop(self) -> None:
        """End what still runs, and say how time was stretched."""
        self.stopping.set()
        self._journal.write("stretched", **self._time.told())
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        for number, entry in enumerate(self._entries):
            while (left := entry.at - self._time.now()) > 0 and not self.stopping.is_set():
                self.stopping.wait(min(left, 1.0) * self._time.factor)
            if self.stopping.is_set():
                return
            pool = self._pools[self._pool(entry)]
            self._futures.append(pool.submit(self._do, entry, f"{entry.kind}-{number}"))

    def _pool(self, entry: Entry) -> str:
        if entry.kind == "attack":
            attack = part_of(self._attacks[attack_of(entry.name)], entry.name)
            return "long" if bound(attack, self._scenario.pace) > LONG else "attack"
        return "action" if entry.kind == "action" else "change"

    def _do(self, entry: Entry, mark: str) -> None:
        try:
            self._dispatch(entry, mark)
        except Exception as error:
            # One failed action must not end a recording; the log says what it was.
            self._journal.write(
                "failed",
                kind=entry.kind,
                name=entry.name,
                place=entry.place,
                why=f"{type(error).__name__}: {error}",
                at=stamp(),
            )

    def _dispatch(self, entry: Entry, mark: str) -> None:
        if entry.kind == "attack":
            self._attack(entry.name, entry.place, mark, entry.moment)
        elif entry.kind == "action":
            workload = self._lab.places[entry.place].workload.name
            self._action(self._actions[workload, entry.name], entry.place, mark)
        elif entry.kind == "lossy":
            lossy = self._scenario.lossy[int(entry.name)]
            self._watch.lose(lossy.pages, lossy.seconds * self._time.factor, self.stopping)
        elif entry.kind == "rollout":
            self._roll_out(self._scenario.rollouts[int(entry.name)], entry.place, mark)
        elif entry.kind in ("grow", "shrink", "drift"):
            self._change(entry)
        else:
            self._replace(entry.kind, entry.place, None)

    def _replace(self, kind: str, place: str, version: int | None) -> None:
        begin = stamp()
        new = self._lab.replace(place, version)
        self._journal.write(
            kind, place=place, container=new.name, start=begin, end=stamp(), version=new.version
        )

    def _change(self, entry: Entry) -> None:
        """Let a workload grow or shrink by one place, or a partner move."""
        if entry.kind == "drift":
            facts = {"name": entry.name, "ip": self._lab.move(entry.name)}
        elif entry.kind == "grow":
            facts = {"container": self._lab.grow(entry.place, self._workloads[entry.name]).name}
        else:
            facts = {"container": self._lab.shrink(entry.place).name}
        self._journal.write(entry.kind, **facts, place=entry.place, at=stamp())

    def _roll_out(self, rollout: Rollout, place: str, mark: str) -> None:
        """Replace one replica; what a poisoned version does is an attack there, each replica a part."""
        self._replace("rollout", place, rollout.version)
        if rollout.attack:
            name = f"{rollout.attack}{TRIAL}{place.rpartition('-')[2]}"
            self._futures.append(self._pools["poison"].submit(self._attack, name, place, mark))

    def _attack(self, name: str, planned: str, mark: str, moment: str = "") -> None:
        whole = self._attacks[attack_of(name)]
        attack = part_of(whole, name) if whole.entry != "rollout" else whole
        # A part belongs to its replica: to fall back on another one would put two at one place.
        place = planned if name != attack.id else self._free(planned)
        moment = self._awaited(moment, place, mark)
        with self._lab.places[place].lock:
            container = self._lab.places[place]
            facts = carry_out(
                attack,
                container,
                self._lab.podman,
                self._addresses(place),
                self._scenario.pace,
                mark,
                self.stopping,
                self._time.factor,
            )
        where = {"container": container.name, "container_id": container.id}
        self._journal.write("attack", id=name, **where, moment=moment or None, **facts)

    def _awaited(self, moment: str, place: str, mark: str) -> str:
        """Bring the hard moment about, or wait for it; nothing where it did not come."""
        if moment == "fresh":
            self._replace("restart", place, None)
        elif moment == "beside":
            self._accompany(place, mark)
        elif moment == "lossy" and not self._watch.losing.wait(_UNTIL_LOSSY * self._time.factor):
            return ""
        if moment:
            serves(self._lab.places[place])  # what has just been replaced may not answer yet
        return moment

    def _accompany(self, place: str, mark: str) -> None:
        """Let an operator work in the container in which an attack is about to begin."""
        name = self._lab.places[place].workload.name
        known = [action for (workload, _), action in sorted(self._actions.items()) if workload == name]
        action = random.Random(f"{self._scenario.seed} {mark}").choice(known)
        self._futures.append(self._pools["poison"].submit(self._action, action, place, f"{mark}-beside"))

    def _free(self, planned: str) -> str:
        """Return the planned place, or another replica when something is going on there."""
        if not self._lab.places[planned].lock.locked():
            return planned
        workload = self._lab.places[planned].workload.name
        places = [p for p, c in sorted(self._lab.places.items()) if c.workload.name == workload]
        return next((p for p in places if not self._lab.places[p].lock.locked()), planned)

    def _action(self, action: Action, place: str, mark: str) -> None:
        container = self._lab.places[place]
        alone = not self._scenario.beside
        action = action.model_copy(update={"seconds": action.seconds * self._time.factor})
        if alone and not container.lock.acquire(timeout=60):
            return
        try:
            facts = act(action, container, self._lab.podman, mark, self.stopping)
        finally:
            if alone:
                container.lock.release()
        self._journal.write("action", container=container.name, **facts)

    def _addresses(self, place: str) -> dict[str, str]:
        """Addresses by workload name: the replica of the same number, or the last."""
        number = int(place.rpartition("-")[2])
        names = {c.workload.name for c in list(self._lab.places.values())}
        places = {name: self._lab.replicas(name) for name in sorted(names)}
        return {n: known[min(number, len(known)) - 1].ip for n, known in places.items() if known}
