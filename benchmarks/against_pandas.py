"""The job against what everybody would write: pandas, scikit-learn, rules asked of one event after the other.

``python -m benchmarks.against_pandas --events 3e6``: the lab's half hour again and again, or ``--synthetic``
events, of which one in three is a pair of its own (load only).
Here: `rtml score --rules`, the whole process: nine families per process tree, three detectors, calibration,
explanations, 63 rules and correlations, findings with context. There, in its favour: three of the families,
per container (`benchmarks.plain`), scikit-learn's forest over them, and our pack's 51 rules of single events,
over columns that lie ready; no findings, no start of a process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from sklearn.ensemble import IsolationForest

from benchmarks.plain.families import plain_features
from benchmarks.plain.rules import hits_of, inputs_of
from benchmarks.scoring_job import LAB, made, made_synthetic, measured
from rtml.captures import open_capture
from rtml.models import Model, train

__all__ = ["plainly"]

_DETECTORS = ["surprise", "half_space_trees", "isolation_forest"]


def plainly(folder: Path, model: Model) -> dict[str, float]:
    """Return the seconds that each part takes, plainly written."""
    counts, groups = model.baseline.counts.to_pandas(), inputs_of(folder)
    begun, seconds = time.monotonic(), dict[str, float]()

    def done(part: str) -> None:
        seconds[part] = time.monotonic() - begun - sum(seconds.values())

    features = plain_features(folder, counts)
    done("pandas, three families")
    values = features.select_dtypes("number")
    IsolationForest(random_state=1).fit(values).score_samples(values)
    done("scikit-learn's forest")
    hits = sum(hits_of(*group) for group in groups)
    done(f"{sum(len(rules) for rules, _ in groups)} rules in Python, {hits:,} hits")
    return seconds


def main() -> None:
    """Make a capture and a model, run both, print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=float, default=3e6)
    parser.add_argument("--synthetic", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place, learnt = Path(scratch), LAB
        if asked.synthetic:
            capture = made_synthetic(place / "capture", int(asked.events), 1, 2)
            learnt = made_synthetic(place / "learnt", 500_000, 0, 1)
        else:
            capture = made(place / "capture", int(asked.events))
        model = train(open_capture(learnt), _DETECTORS)
        model.save(place / "model")
        line = [
            sys.executable,
            "-m",
            "rtml.cli",
            "score",
            str(capture),
            "--model",
            str(place / "model"),
            "--rules",
        ]
        ours, spent, _ = measured([*line, "--out", str(place / "out"), "--memory", "8GB", "--json"])
        theirs = plainly(capture, model)
    sys.stdout.write(f"rtml score --rules: {ours:.1f} s ({spent:.1f} CPU s)\n")
    for part, seconds in theirs.items():
        sys.stdout.write(f"{part}: {seconds:.1f} s\n")
    sys.stdout.write(
        f"plainly: {sum(theirs.values()):.1f} s, {sum(theirs.values()) / ours:.1f} times as long\n"
    )


if __name__ == "__main__":
    main()
