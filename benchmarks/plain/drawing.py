"""Drawn names, plainly: loops over rows, sets of containers, one dictionary per question."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from rtml.baselines.drawing import APART, FEW, SEVERAL

SCOPE = ["workload", "repository", "subject"]


def around_address(key: str) -> set[str]:
    """Return the places around ``address port``: the host open, the network open, the port open."""
    ip, port = key.rsplit(" ", 1)
    parts = ip.split(".") if "." in ip and ":" not in ip else ip.split(":")
    sign, least = (".", 4) if "." in ip and ":" not in ip else (":", 5)
    places = {f"{ip} *"}
    if len(parts) >= least and all(re.fullmatch("[0-9a-f]*", part) for part in parts):
        places.add(sign.join(parts[: least - 1]) + f"{sign}* {port}")
        places.add(sign.join(parts[: least - 2]) + f"{sign}*.* {port}")
    return places - {key}


def around_domain(key: str) -> set[str]:
    """Return the places around a domain: its first label open, or its first two."""
    labels = key.split(".")
    places = {".".join(["*", *labels[1:]])} if len(labels) > 2 and all(labels) else set()
    if len(labels) > 3 and all(labels):
        places.add(".".join(["*", "*", *labels[2:]]))
    return places - {key}


def newness(rows: Iterable[dict]) -> tuple[float, bool]:
    """Return P(next name is new) of one place, and whether its drawn names came in several visits."""
    names = defaultdict(list)
    for row in rows:
        names[row["key"]].append(row)
    once, steady, visits = 0, 0, []
    for mine in names.values():
        if any(row["drawn"] for row in mine):
            once += 1
            visits.append((min(row["container"] for row in mine), min(row["first_seen"] for row in mine)))
        elif any(row["several"] for row in mine):
            steady += 1024 * len({row["container"] for row in mine})
        else:
            steady += sum(int(np.round(np.log2(row["count"] + 1) * 1024)) for row in mine)
    times = [time for _, time in visits]
    apart = len({container for container, _ in visits}) > 1 or bool(
        times and max(times) - min(times) >= APART
    )
    return (max(once, 1) - 0.5) / (max(once, 1) + steady / 1024), apart


def _scope(row: dict) -> tuple:
    return tuple(None if pd.isna(row[name]) else row[name] for name in SCOPE)


def _members(counts: pd.DataFrame, around: Callable[[str], set[str]]) -> list[dict]:
    rows = [row for row in counts.to_dict("records") if row["key"] != row["region"]]
    containers, total, crowd = defaultdict(set), defaultdict(int), defaultdict(set)
    for row in rows:
        containers[row["key"]].add(row["container"])
        total[row["key"]] += row["count"]
    lonely = defaultdict(set)
    for key in (key for key in containers if len(containers[key]) == 1):
        for place in around(key):
            lonely[place].add(key)
    placed = [
        {**row, "place": place}
        for row in rows
        for place in around(row["key"])
        if len(lonely.get(place, ())) > 1
    ]
    for row in placed:
        crowd[_scope(row), row["place"]].add(row["container"])
    for row in placed:
        row["several"] = len(crowd[_scope(row), row["place"]]) >= SEVERAL
        few = total[row["key"]] <= FEW or row["several"]
        row["drawn"] = len(containers[row["key"]]) == 1 and few
    return placed


def learn(
    counts: pd.DataFrame, around: Callable[[str], set[str]] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the counts with drawn names renamed to their places, and the members of places that draw."""
    if around is None:
        return counts, pd.DataFrame()
    placed = _members(counts, around)
    groups: dict[tuple, list[dict]] = defaultdict(list)
    for row in placed:
        groups[_scope(row), row["place"]].append(row)
        groups[None, row["place"]].append(row)
    chances = {group: newness(rows) for group, rows in groups.items()}
    options = defaultdict(set)
    for row in (row for row in placed if row["drawn"]):
        for group in ((_scope(row), row["place"]), (None, row["place"])):
            new, apart = chances[group]
            if apart:
                options[_scope(row), row["key"]].add((-new, row["place"].count("*"), row["place"]))
    chosen = {key: min(found)[2] for key, found in options.items()}
    keys = [chosen.get((_scope(row), row["key"]), row["key"]) for row in counts.to_dict("records")]
    drawing = set(chosen.values())
    members = pd.DataFrame([row for row in placed if row["place"] in drawing])
    return counts.assign(key=keys), members
