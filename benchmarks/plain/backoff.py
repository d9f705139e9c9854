"""Witten-Bell back-off, level by level, with merges."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.plain.drawing import around_address, around_domain, learn, newness
from rtml.baselines import Conditional, Level
from rtml.features.destinations import ADDRESS, DOMAIN

CONTEXT = ["first", "second", "part"]
CELL = ["container_id", "window"]
AROUND = {ADDRESS.name: around_address, DOMAIN.name: around_domain}


def with_context(frame: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Add the key columns of a level."""
    pairs = {
        "image": (frame["workload"].fillna(""), frame["image"]),
        "workload": (frame["workload"], ""),
        "repository": ("", frame["repository"]),
        "fleet": ("", ""),
    }
    first, second = pairs[level.peers]
    part: object = ""
    if level.parts:
        part = frame["subject"].map(
            lambda text: None if pd.isna(text) else "\n".join(text.split("\n")[: level.parts])
        )
    return frame.assign(first=first, second=second, part=part)


def evidence(counts: pd.DataFrame, level: Level) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return evidence per context and key, and totals per context."""
    known = with_context(counts, level).dropna(subset=CONTEXT)
    single = known.groupby([*CONTEXT, "key", "container"])["count"].sum()
    damped = np.round(np.log2(single + 1) * 1024).astype("int64")
    each = pd.DataFrame({"m": damped, "events": single})
    keys = each.groupby([*CONTEXT, "key"]).sum().reset_index()
    totals = keys.groupby(CONTEXT).agg(total=("m", "sum"), distinct=("m", "size"), events=("events", "sum"))
    totals["distinct"] *= 1024
    return tails(keys).drop(columns="events"), totals.reset_index()


def tails(keys: pd.DataFrame) -> pd.DataFrame:
    """Replace evidence by that of all keys of the context that are no more usual."""
    lower = keys.assign(usual=np.floor(2 * np.log2(keys["m"]) + 1e-9)).sort_values([*CONTEXT, "usual"])
    lower["lower"] = lower.groupby(CONTEXT)["m"].cumsum()
    lower["m"] = lower.groupby([*CONTEXT, "usual"])["lower"].transform("max")
    return lower.drop(columns=["lower", "usual"])


def chance(pairs: pd.DataFrame, members: pd.DataFrame, conditional: Conditional) -> np.ndarray:
    """Return P(next name is new) of places, from the most specific level that has a history of them."""
    found = np.full(len(pairs), np.nan)
    for level in reversed(conditional.levels):
        rows = with_context(members, level).dropna(subset=CONTEXT)
        groups = rows.groupby([*CONTEXT, "place"])
        new = {group: newness(part.to_dict("records"))[0] for group, part in groups}
        asked = with_context(pairs, level)[[*CONTEXT, "key"]].itertuples(index=False, name=None)
        here = np.array([new.get(group, np.nan) for group in asked])
        found = np.where(np.isnan(here), found, here)
    return np.nan_to_num(found, nan=1.0)


def score(pairs: pd.DataFrame, counts: pd.DataFrame, conditional: Conditional) -> pd.DataFrame:
    """Add bits (1/1024), known and seen to distinct pairs, drawn names by their places."""
    around = AROUND.get(conditional.name)
    renamed, members = learn(counts, around)
    own = estimate(pairs, renamed, conditional)
    places = [
        {**row, "key": place, "of": number}
        for number, row in enumerate(pairs.to_dict("records"))
        for place in (around(row["key"]) if around and len(members) else ())
        if place in set(members["place"])
    ]
    if not places:
        return own.drop(columns=["p", "near"])
    asked = estimate(pd.DataFrame(places), renamed, conditional)
    asked["p"] *= chance(asked, members, conditional)
    asked = asked[asked["near"]].groupby("of").agg({"p": "max", "seen": "any"}).reindex(range(len(pairs)))
    p = np.fmax(own["p"].to_numpy(), asked["p"].to_numpy())
    seen = own["seen"].to_numpy() | asked["seen"].eq(True).to_numpy()
    bits = np.round(-np.log2(p) * 1024).astype("int64")
    return own.assign(bits=bits, seen=seen).drop(columns=["p", "near"])


def estimate(pairs: pd.DataFrame, counts: pd.DataFrame, conditional: Conditional) -> pd.DataFrame:
    """Add p, bits, known and seen to pairs, and whether the key is known to the subject or its peers."""
    near = np.full(len(pairs), False)
    p = np.full(len(pairs), 1 / (counts["key"].nunique() + 1))
    used = np.full((2, len(pairs)), np.nan)
    known, seen = np.full(len(pairs), False), np.full(len(pairs), False)
    for level in reversed(conditional.levels):
        keys, totals = evidence(counts, level)
        asked = with_context(pairs, level)
        found = asked.merge(keys, how="left", on=[*CONTEXT, "key"]).merge(totals, how="left")
        m, total, distinct, events = (found[name].to_numpy() for name in ("m", "total", "distinct", "events"))
        applies = asked[CONTEXT].notna().all(axis=1).to_numpy()
        there = applies & ~np.isnan(total)
        now = np.array([events, distinct])
        use = there & ~(now == used).all(axis=0)
        p = np.where(use, (np.nan_to_num(m) + distinct * p) / (total + distinct), p)
        used = np.where(use, now, used)
        known = np.where(applies, there, known)
        seen = np.where(there, ~np.isnan(m), seen)
        if level.parts or level.peers != "fleet":
            near |= there & ~np.isnan(m)
    bits = np.round(-np.log2(p) * 1024).astype("int64")
    return pairs.assign(p=p, bits=bits, known=known, seen=seen, near=near)


def pairs_of(rows: pd.DataFrame, counts: pd.DataFrame, conditional: Conditional) -> pd.DataFrame:
    """Score the distinct pairs of every window."""
    wanted = [*CELL, "workload", "image", "repository", "subject", "key"]
    distinct = rows.dropna(subset=["key"])[wanted].drop_duplicates()
    scored = score(distinct[wanted[2:]].drop_duplicates(), counts, conditional)
    return distinct.merge(scored, how="left", on=wanted[2:])


def beyond_chance(pairs: pd.DataFrame) -> pd.Series:
    """Return what the most surprising pair of a window has beyond that of as many pairs by chance."""
    cells = pairs.groupby(CELL)["bits"]
    return (cells.max() - np.round(np.log2(cells.size()) * 1024)).clip(lower=0) / 1024


def summary(family: str, parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the surprise features of a family per window."""
    pairs = pd.concat(parts.values(), ignore_index=True)
    cells = pairs.groupby(CELL)
    largest = pairs.sort_values("bits", ascending=False).groupby(CELL)["bits"].head(3)
    rank = pairs.groupby(CELL)["bits"].rank(method="first", ascending=False)
    size = pairs.groupby(CELL)["bits"].transform("size")
    beyond = (pairs["bits"] - np.round(np.log2(size / rank) * 1024)).clip(lower=0)
    features = {
        "bits_sum": cells["bits"].sum() / 1024,
        "bits_max": cells["bits"].max() / 1024,
        "bits_top3": pairs.assign(top=largest).groupby(CELL)["top"].sum() / 1024,
        "bits_excess": pairs.assign(excess=beyond.where(rank <= 3)).groupby(CELL)["excess"].sum() / 1024,
        "bits_beyond": pd.concat([beyond_chance(part) for part in parts.values()]).groupby(CELL).sum(),
        "pairs": cells.size(),
        "never_seen": (~pairs["seen"]).groupby([pairs[name] for name in CELL]).sum(),
        "unknown_context": (~pairs["known"]).groupby([pairs[name] for name in CELL]).mean(),
    }
    if len(parts) > 1:
        for name, table in parts.items():
            features[f"{name}_bits_max"] = table.groupby(CELL)["bits"].max() / 1024
            features[f"{name}_bits_beyond"] = beyond_chance(table)
    return pd.DataFrame(features).add_prefix(f"{family}.")
