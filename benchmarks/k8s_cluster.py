"""The requests of an invented cluster (``k8s_cluster.yml``): what is usual there, and what was planted.

Nobody has published an audit log with normal use and known attacks, so this one is made up. People ask in
bursts of a quarter of an hour, now and then from a new address; machines ask steadily, from a new one after a
restart; every two hours somebody does something seldom, often for the first time. Each attack is planted
twice: by a *thief* (other address, other program), and *quietly*, from the user's own machine with its own
program, so that the call alone is strange.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

__all__ = ["BEGIN", "CLUSTER", "Planted", "planted", "usual"]

BEGIN = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
CLUSTER: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
"""``users`` and ``attacks``."""

_APPS = ("shop", "pay", "search")
_SHIFT = 15
_AT_WORK = 0.4
_NEW_ADDRESS = {True: 0.05, False: 1 / 40}
"""Chance that a person, or a machine that is not a node, has a new address in a quarter of an hour."""

_SELDOM_PER_HOUR = 0.5
_THIEF = {"agent": "curl/8.5", "address": "203.0.113.66"}


class Planted(NamedTuple):
    """One attack in the log."""

    attack: Mapping[str, Any]
    thief: bool
    minute: float
    lines: list[dict[str, Any]]


def _line(number: int, minute: float, user: Mapping[str, Any], call: str, body: Any = None) -> dict[str, Any]:
    """Return one line of the log, of the request that ``call`` says in short."""
    verb, what, namespace, name = call.split()
    resource, _, part = what.partition("/")
    place = {"resource": resource, "namespace": namespace, "name": name, "subresource": part or "-"}
    at = BEGIN + dt.timedelta(minutes=minute)
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": f"r{number}",
        "stage": "ResponseComplete",
        "verb": verb,
        "responseStatus": {"code": 200},
        "user": {"username": user["name"]},
        "userAgent": user["agent"],
        "sourceIPs": [user["address"]],
        "objectRef": {key: value for key, value in place.items() if value != "-"},
        "requestReceivedTimestamp": at.isoformat().replace("+00:00", "Z"),
        **({"requestObject": body} if body else {}),
    }


def usual(rng: np.random.Generator, minutes: int) -> Iterator[dict[str, Any]]:
    """Yield what everybody asks in some minutes, in no order."""
    number = 0
    users = {user["name"]: user for user in CLUSTER["users"]}
    addresses = {name: _addresses(rng, user, minutes) for name, user in users.items()}
    for minute in (rng.random(rng.poisson(_SELDOM_PER_HOUR * minutes / 60)) * minutes).tolist():
        one = CLUSTER["seldom"][rng.integers(len(CLUSTER["seldom"]))]
        user = users[one["users"][rng.integers(len(one["users"]))]]
        for i, asked in enumerate(one["calls"]):
            number += 1
            at = minute + i / 30
            here = {**user, "address": addresses[user["name"]][int(at // _SHIFT)]}
            yield _line(10**7 + number, at, here, asked["call"], asked.get("body"))
    for user in users.values():
        person = ":" not in user["name"]
        present = rng.random(minutes // _SHIFT + 1) < (_AT_WORK if person else 1.0)
        for call, rate in user["per_minute"].items():
            times = rng.random(rng.poisson(rate * minutes)) * minutes
            for minute in times[present[(times // _SHIFT).astype(int)]].tolist():
                named = call.replace("*", f"{_APPS[rng.integers(3)]}-{rng.integers(9)}")
                spec = {"kind": "Pod", "spec": {"containers": [{"image": f"{_APPS[rng.integers(3)]}:1"}]}}
                made = spec if call.startswith(("create pods ", "create jobs ")) else None
                here = {**user, "address": addresses[user["name"]][int(minute // _SHIFT)]}
                yield _line(number, minute, here, named, made)
                number += 1


def _addresses(rng: np.random.Generator, user: Mapping[str, Any], minutes: int) -> list[str]:
    """Return where a user asks from in each quarter of an hour; a person goes back to the usual place."""
    person, steady = ":" not in user["name"], user["name"].startswith(("system:node", "system:kube"))
    moved, address = [], user["address"]
    for _ in range(minutes // _SHIFT + 2):
        if person:
            address = user["address"]
        if not steady and rng.random() < _NEW_ADDRESS[person]:
            address = f"{'198.51.100' if person else '10.2.1'}.{rng.integers(1, 255)}"
        moved.append(address)
    return moved


def planted(rng: np.random.Generator, begin: int, end: int) -> Iterator[Planted]:
    """Yield each attack twice, evenly over the minutes from ``begin`` to ``end``, in a random order."""
    attacks, users = CLUSTER["attacks"], {user["name"]: user for user in CLUSTER["users"]}
    number = 2 * len(attacks)
    times = begin + (rng.permutation(number) + 0.5) * (end - begin) / number
    for place, minute in enumerate(times.tolist()):
        attack, thief = attacks[place // 2], place % 2 == 0
        user = {**users[attack["user"]], **(_THIEF if thief else {})}
        calls = enumerate(attack["calls"])
        lines = [
            _line(10**6 + 10 * place + i, minute + i / 30, user, one["call"], one.get("body"))
            for i, one in calls
        ]
        yield Planted(attack, thief, minute, lines)
