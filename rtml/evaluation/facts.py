"""What a reader must know beside the numbers: the proof, the counts, and the limits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import polars as pl

from rtml.evaluation.labels.provenance import unstated
from rtml.evaluation.proof import Proof
from rtml.evaluation.ranking import NEEDED
from rtml.evaluation.track import Track
from rtml.evaluation.verdict import DELAY_RULE
from rtml.findings.unit import SLOT

__all__ = ["gather"]

UNIT = f"container × {SLOT.removesuffix('m')} minutes × lineage root"
FEW_HOSTS = 5
FEW_ATTACKS = 30


def gather(
    track: Track, proof: Proof | None, budget: float, tried: int | None, notes: Sequence[str]
) -> dict[str, Any]:
    """Return the facts of a ledger as strict JSON values (no NaN, times as ISO-8601).

    ``smallest_rate_per_hour`` is 1 / container-hours: a lower false-alarm rate cannot be told from
    none with this test time.
    """
    hours = track.container_days * 24
    target = track.windows["target"]
    positive, benign = int((target == 1).sum()), int((target == 0).sum())
    judged = positive + benign
    return {
        "budget_per_container_day": budget,
        "test_container_hours": hours,
        "smallest_rate_per_hour": 1 / hours,
        "counts": track.counts,
        "windows": {
            "seconds": track.every.seconds,
            "attack": positive,
            "benign": benign,
            "left out after attacks": int(target.null_count()),
            "incomplete (events lost)": int((~track.windows["complete"]).sum() or 0),
            "prevalence": positive / judged if judged else None,
        },
        "label_provenance": _provenance(track.labels),
        "labels": {"digest": _digest(track), "share of container time": _labelled(track)},
        "split": None if proof is None else _proof(proof),
        "unit": UNIT,
        "grace_seconds": track.grace.total_seconds(),
        "delay": DELAY_RULE,
        "seed": track.seed,
        "configurations_tried": tried,
        "limits": [*_limits(track, proof, tried, benign), *track.notes, *notes],
    }


def _digest(track: Track) -> str:
    """Return a hash of the content of all labels, judged or left out: other labels are another result."""
    labels = pl.concat([track.labels, track.left_out]).sort("attack_id")
    # What is told about an attack beside (how hard, how it came in) judges nothing; runs of before had none.
    labels = labels.drop("grade", "entry", strict=False)
    return hashlib.sha256(labels.write_json().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _labelled(track: Track) -> float:
    return int((track.windows["target"].fill_null(1) == 1).sum()) / track.windows.height


def _provenance(labels: pl.DataFrame) -> dict[str, int]:
    counted = labels["provenance"].fill_null("empty").value_counts().sort("provenance")
    return {str(name): int(n) for name, n in counted.iter_rows()}


def _proof(proof: Proof) -> dict[str, Any]:
    parts = {
        name: {"begin": begin.isoformat(), "end": end.isoformat(), "windows": n}
        for name, (begin, end, n) in proof.parts.items()
    }
    return {
        "statement": proof.statement,
        "parts": parts,
        "containers_proven": proof.containers,
        "windows_left_out": proof.left_out,
        "notes": proof.notes,
    }


def _limits(track: Track, proof: Proof | None, tried: int | None, benign: int) -> list[str]:
    attacks, hosts = track.labels.height, track.counts.get("hosts")
    nameless = track.labels["process_id"].null_count()
    spliced = int((track.labels["provenance"] == "spliced").sum() or 0)
    limits = {
        "no split was given: nothing here proves that models never saw the test time": not proof,
        f"{attacks} attacks: a share found moves by {100 / max(attacks, 1):.0f} points with one attack": 0
        < attacks
        < FEW_ATTACKS,
        f"{nameless} of {attacks} labels name no process: whatever a side says of their container in "
        "their time is right": nameless > 0,
        f"{spliced} of {attacks} attacks are spliced trials: recorded once, put into other "
        "containers' benign time": spliced > 0,
        f"{hosts} host(s): no claim per host (needs {FEW_HOSTS})": (hosts is not None and hosts < FEW_HOSTS),
        f"{benign} benign windows: a false-positive rate of 1 % needs {NEEDED}": benign < NEEDED,
        "how many configurations were tried is not stated": tried is None,
        "labels were made by rules: found means that a model agrees with them": (
            track.labels["provenance"].eq("rule").any()
        ),
        f"labels of unknown provenance ({', '.join(unstated(track.labels))})": bool(unstated(track.labels)),
        "attacks are replays that were known in advance: no evidence about unknown attacks": (
            track.labels["provenance"].is_in(["replay", "spliced"]).any()
        ),
    }
    return [text for text, holds in limits.items() if holds]
