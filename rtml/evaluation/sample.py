"""What a track is made of, in numbers and in words: how much there is to judge by."""

from __future__ import annotations

import polars as pl

from rtml.evaluation.targets import overlaps
from rtml.times import Window

__all__ = ["counts", "notes"]


def notes(
    attacks: pl.DataFrame, test_attacks: pl.DataFrame, facts: pl.DataFrame, every: Window
) -> tuple[str, ...]:
    """Say which attacks lie outside test time, which were not observed, and whether there is none."""
    told = []
    if attacks.height > test_attacks.height:
        told.append(f"{attacks.height - test_attacks.height} attack(s) lie outside test time: left out")
    unseen = test_attacks.height - overlaps(facts, test_attacks, every)["attack_id"].n_unique()
    if unseen:
        told.append(f"{unseen} attack(s) overlap no observed window: they count as not found")
    if test_attacks.height == 0:
        told.append("no attack in test time: recall, AUROC and precision are undefined")
    return tuple(told)


def counts(windows: pl.DataFrame, labels: pl.DataFrame) -> dict[str, int]:
    """Count what a reader needs beside every share: 16 attacks on one host prove little."""
    names = {"containers": "container_id", "workloads": "workload", "hosts": "host", "images": "image"}
    seen = {
        noun: windows[column].drop_nulls().n_unique()
        for noun, column in names.items()
        if column in windows.columns
    }
    return seen | {
        "attacks": labels.height,
        "attacked containers": labels["container_id"].n_unique(),
        "techniques": labels["technique"].drop_nulls().n_unique(),
    }
