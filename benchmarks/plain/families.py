"""The three families over a capture folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from benchmarks.plain.backoff import CELL, pairs_of, summary
from benchmarks.plain.text import domain_key, is_service, is_shell, mapped, port, program, scope
from rtml.captures import open_capture
from rtml.features.binaries import PROGRAMS
from rtml.features.destinations import ADDRESS, DOMAIN, PORT
from rtml.features.lineage import CHILD
from rtml.schema import WORLD_WRITABLE

__all__ = ["COLUMNS", "plain_features"]

COLUMNS = [
    "time",
    "seq",
    "kind",
    "host",
    "container_id",
    "exe",
    "comm",
    "dst_ip",
    "dst_port",
    "protocol",
    "domain",
    "count",
    "exe_written",
    "exe_memory",
]
"""What the three families read."""


def _read(folder: Path) -> pd.DataFrame:
    parts = ds.dataset(folder / "events", format="parquet", partitioning=None)
    events = parts.to_table(columns=COLUMNS).to_pandas()
    texts = ("kind", "host", "container_id", "exe", "comm", "dst_ip", "protocol")
    events = events.astype(dict.fromkeys(texts, object))
    facts = open_capture(folder).containers().to_pandas()
    facts = facts[facts["role"] != "infrastructure"]
    facts["repository"] = facts["image"].str.replace("@.*$", "", regex=True)
    facts["repository"] = facts["repository"].str.replace(":[^/:]*$", "", regex=True)
    facts["image"] = facts["image_digest"].fillna(facts["image"])
    peers = facts[["container_id", "workload", "image", "repository"]]
    events = events.merge(peers, on="container_id")
    events["window"] = events["time"].dt.floor("60s")
    events["program"] = mapped(events["exe"], program).fillna("[" + events["comm"] + "]")
    return events


def _with_ancestors(execs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    images = pd.read_parquet(folder / "processes.parquet", columns=["host", "image_seq", "ancestors"])
    images = images.dropna(subset=["image_seq"]).rename(columns={"image_seq": "seq"})
    both = execs.merge(images.astype({"seq": "int64"}), how="left", on=["host", "seq"])
    lists = [list(a) if isinstance(a, np.ndarray) else [] for a in both["ancestors"]]
    return both.assign(
        depth=[len(a) for a in lists],
        parent=[a[0] if a else None for a in lists],
        subject=["\n".join(program(name) for name in a[:4]) for a in lists],
    )


def lineage(execs: pd.DataFrame, counts: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Lineage, plainly."""
    rows = _with_ancestors(execs, folder).assign(key=lambda frame: frame["program"])
    shell = mapped(rows["exe"], is_shell).fillna(False).astype(bool)
    service = mapped(rows["parent"], is_service).fillna(False).astype(bool)
    pairs = rows[shell & service].drop_duplicates([*CELL, "exe", "parent"])
    features = summary("lineage", {"child": pairs_of(rows, counts, CHILD)})
    features["lineage.depth_max"] = rows.groupby(CELL)["depth"].max()
    features["lineage.shell_under_service"] = pairs.groupby(CELL).size()
    return features


def _rarity(rows: pd.DataFrame, counts: pd.DataFrame, everyone: pd.DataFrame) -> pd.DataFrame:
    rarest = {}
    for name, group, member in (
        ("rarity_peers", "workload", "container"),
        ("rarity_images", None, "image"),
        ("rarity_fleet", None, "container"),
    ):
        marks = [frame.assign(g=frame[group] if group else "") for frame in (rows, counts, everyone)]
        pairs, having, size = marks
        k = having.groupby(["g", "key"])[member].nunique().rename("k").reset_index()
        n = size.groupby("g")[member].nunique().rename("n").reset_index()
        both = pairs.merge(k, how="left", on=["g", "key"]).merge(n, how="left", on="g")
        bits = -np.log2((both["k"].fillna(0) + 0.5) / (both["n"].fillna(0) + 1))
        rarest[f"binaries.{name}"] = bits.groupby([both[column] for column in CELL]).max()
    return pd.DataFrame(rarest)


def binaries(execs: pd.DataFrame, counts: pd.DataFrame, everyone: pd.DataFrame) -> pd.DataFrame:
    """Binaries, plainly."""
    rows = execs.assign(key=execs["program"], subject=None)
    pairs = pairs_of(rows, counts, PROGRAMS)
    features = summary("binaries", {"program": pairs}).join(_rarity(pairs, counts, everyone))
    exe = rows["exe"].fillna("")
    tests = {
        "written": rows["exe_written"].notna(),
        "memory": rows["exe_memory"].fillna(False).astype(bool) | exe.str.startswith("/memfd:"),
        "world_writable": exe.str.startswith(WORLD_WRITABLE),
    }
    for name, test in tests.items():
        distinct = rows[test].drop_duplicates([*CELL, "exe"])
        features[f"binaries.{name}"] = distinct.groupby(CELL).size()
    return features


def _entropy(calls: pd.DataFrame) -> pd.DataFrame:
    hits = calls.assign(hits=calls["count"].fillna(1)).groupby([*CELL, "dst_ip"])["hits"].sum()
    cells = hits.groupby(CELL)
    total, kinds = cells.sum(), cells.size()
    plug_in = np.log2(total) - (hits * np.log2(hits)).groupby(CELL).sum() / total
    corrected = np.minimum(plug_in + (kinds - 1) / (2 * np.log(2) * total), np.log2(total))
    return pd.DataFrame({"entropy": corrected.clip(lower=0), "fanout": kinds})


def destinations(calls: pd.DataFrame, asked: pd.DataFrame, counts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Destinations, plainly."""
    number = calls["dst_port"].map(port)
    kind = mapped(calls["dst_ip"], scope) + " " + number
    keys = {
        ADDRESS: calls["dst_ip"] + " " + number,
        PORT: kind + " " + calls["protocol"].fillna("ip"),
        DOMAIN: mapped(asked["domain"], domain_key),
    }
    parts = {}
    for conditional, key in keys.items():
        rows = asked if conditional is DOMAIN else calls
        named = rows.assign(key=key, subject=rows["program"])
        part = conditional.name.split(".")[1]
        parts[part] = pairs_of(named, counts[conditional.name], conditional)
    features = summary("destinations", parts)
    spread = _entropy(calls).add_prefix("destinations.")
    known = counts[ADDRESS.name][["workload", "key"]].drop_duplicates().assign(old=True)
    fresh = parts["address"].merge(known, how="left", on=["workload", "key"])
    fresh = fresh[fresh["old"].isna()].drop_duplicates([*CELL, "key"])
    new = fresh.groupby(CELL).size().rename("destinations.new")
    return features.join(spread, how="outer").join(new, how="outer")


def plain_features(folder: Path, counts: pd.DataFrame) -> pd.DataFrame:
    """Compute the three families of the capture at ``folder`` against a baseline's counts."""
    events = _read(folder)
    split = dict(tuple(counts.groupby("family")))
    execs = events[events["kind"] == "exec"]
    calls = events[(events["kind"] == "connect") & events["dst_ip"].notna()]
    asked = events[(events["kind"] == "dns") & events["domain"].notna()]
    base = events.groupby(CELL)["count"].size().rename("events").to_frame()
    tables = [
        lineage(execs, split[CHILD.name], folder),
        binaries(execs, split[PROGRAMS.name], split["population"]),
        destinations(calls, asked, split),
    ]
    return base.join(tables).fillna(0).reset_index().sort_values(CELL)
