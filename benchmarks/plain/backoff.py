"""Witten-Bell back-off, level by level, with merges."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rtml.baselines import Conditional, Level

CONTEXT = ["first", "second", "part"]
CELL = ["container_id", "window"]


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
            lambda text: None if text is None else "\n".join(text.split("\n")[: level.parts])
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
    """Replace evidence by that of all keys of the context that have no more."""
    lower = keys.sort_values([*CONTEXT, "m"])
    lower["lower"] = lower.groupby(CONTEXT)["m"].cumsum()
    lower["m"] = lower.groupby([*CONTEXT, "m"])["lower"].transform("max")
    return lower.drop(columns="lower")


def score(pairs: pd.DataFrame, counts: pd.DataFrame, conditional: Conditional) -> pd.DataFrame:
    """Add bits (1/1024), known and seen to distinct pairs."""
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
    bits = np.round(-np.log2(p) * 1024).astype("int64")
    return pairs.assign(bits=bits, known=known, seen=seen)


def pairs_of(rows: pd.DataFrame, counts: pd.DataFrame, conditional: Conditional) -> pd.DataFrame:
    """Score the distinct pairs of every window."""
    wanted = [*CELL, "workload", "image", "repository", "subject", "key"]
    distinct = rows.dropna(subset=["key"])[wanted].drop_duplicates()
    scored = score(distinct[wanted[2:]].drop_duplicates(), counts, conditional)
    return distinct.merge(scored, how="left", on=wanted[2:])


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
        "pairs": cells.size(),
        "never_seen": (~pairs["seen"]).groupby([pairs[name] for name in CELL]).sum(),
        "unknown_context": (~pairs["known"]).groupby([pairs[name] for name in CELL]).mean(),
    }
    if len(parts) > 1:
        for name, table in parts.items():
            features[f"{name}_bits_max"] = table.groupby(CELL)["bits"].max() / 1024
    return pd.DataFrame(features).add_prefix(f"{family}.")
