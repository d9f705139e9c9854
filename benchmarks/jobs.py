"""What is measured: each job runs alone in a process, so that its peak memory is its own.

``python -m benchmarks.jobs NAME ARGUMENT...`` prints one JSON line. A job prepares first, then its
returned step is timed; the step returns the number of events that it handled.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from benchmarks.memory import peak
from benchmarks.plain.families import COLUMNS, plain_features

__all__ = ["JOBS", "THREE", "main"]

Step = Callable[[], int]
THREE = ("lineage", "binaries", "destinations")
"""The families that are also written in plain pandas."""

_MORE = ["path", "path_to", "wrote", "result", "request", "socket_path", "src_port", "mode"]


def synthetic(folder: str, events: str, seed: str) -> Step:
    """Write the synthetic capture: a job too, so that this does not count for what reads it."""
    from benchmarks.synthetic import write_synthetic

    def step() -> int:
        write_synthetic(Path(folder), int(events), int(seed))
        return int(events)

    return step


def _read(folder: str, columns: list[str]) -> Step:
    import pyarrow.dataset as ds

    parts = ds.dataset(Path(folder) / "events", format="parquet", partitioning=None)
    return lambda: parts.to_table(columns=columns).num_rows


def read_three(folder: str) -> Step:
    """Read the columns of the three families with pyarrow, and do nothing with them."""
    return _read(folder, COLUMNS)


def read_all(folder: str) -> Step:
    """Read the columns of every family with pyarrow, and do nothing with them."""
    return _read(folder, COLUMNS + _MORE)


def learn(folder: str) -> Step:
    """Learn a baseline of every family and save it beside the events."""
    from rtml import features
    from rtml.captures import open_capture

    capture = open_capture(folder)

    def step() -> int:
        features.learn(capture).save(Path(folder) / "baseline")
        return capture.manifest.events

    return step


def _features(folder: str, families: tuple[str, ...] | None, unit: Literal["container", "tree"]) -> Step:
    from rtml import features
    from rtml.baselines import Baseline
    from rtml.captures import open_capture

    capture, baseline = open_capture(folder), Baseline.load(Path(folder) / "baseline")

    def step() -> int:
        features.windows(capture, baseline, families, unit=unit)
        return capture.manifest.events

    return step


def features_three(folder: str) -> Step:
    """Compute windows of the three families."""
    return _features(folder, THREE, "container")


def features_all(folder: str) -> Step:
    """Compute windows of every family."""
    return _features(folder, None, "container")


def features_trees(folder: str) -> Step:
    """Compute every family per process tree and window."""
    return _features(folder, None, "tree")


def score(folder: str) -> Step:
    """Compute windows of every family and score them with a forest that has learnt."""
    from rtml import features
    from rtml.baselines import Baseline
    from rtml.captures import open_capture
    from rtml.detectors import DETECTORS

    capture, baseline = open_capture(folder), Baseline.load(Path(folder) / "baseline")
    detector = DETECTORS["isolation_forest"]()
    detector.learn(features.windows(capture, baseline).sort("window", "container_id"))

    def step() -> int:
        detector.score(features.windows(capture, baseline))
        return capture.manifest.events

    return step


def pandas_three(folder: str) -> Step:
    """Compute the three families in plain pandas."""
    from rtml.baselines import Baseline
    from rtml.captures import open_capture

    counts = Baseline.load(Path(folder) / "baseline").counts.to_pandas()
    events = open_capture(folder).manifest.events

    def step() -> int:
        plain_features(Path(folder), counts)
        return events

    return step


def _rule_set() -> list[Any]:
    from rtml.rules.running.run import load_all

    shared = Path(__file__).parents[2] / "shared/data/rules"
    sigma, falco = shared / "sigma/linux", shared / "falco"
    found, _ = load_all([sigma] if sigma.is_dir() else [], ("container",), [falco] if falco.is_dir() else [])
    return found


def read_rules(folder: str) -> Step:
    """Read the columns of all rules with pyarrow, and do nothing with them."""
    from rtml.rules.language.columns import WHERE, needs
    from rtml.rules.language.inputs import KEYS
    from rtml.schema import IDENTITY

    found = _rule_set()
    wanted = {name for rule in found for name in (*needs(rule.columns), *WHERE[rule.where][0])}
    return _read(folder, sorted({*wanted, *KEYS, *IDENTITY, "kind"}))


def rules(folder: str) -> Step:
    """Run our pack, and Sigma's and Falco's rules where they are, over a capture."""
    from rtml.captures import open_capture
    from rtml.rules import evaluate, findings_of

    capture, found = open_capture(folder), _rule_set()

    def step() -> int:
        findings_of(evaluate(capture, found).hits, found)
        return capture.manifest.events

    return step


def commands(folder: str, events: str, seed: str) -> Step:
    """Write the synthetic capture of program starts."""
    from benchmarks.commands import write_commands

    def step() -> int:
        write_commands(Path(folder), int(events), int(seed))
        return int(events)

    return step


def sigma_here(folder: str) -> Step:
    """Run Sigma's rules for process creation over program starts, from the file to the hits."""
    from benchmarks.against_sqlite import run_ours

    return run_ours(folder)


def sigma_sqlite(folder: str) -> Step:
    """Run the same rules by pySigma's SQLite backend over a table in memory."""
    from benchmarks.against_sqlite import run_sqlite

    return run_sqlite(folder)


def import_sensor(sensor: str, *inputs: str) -> Step:
    """Import files of one sensor format into a capture."""
    from rtml.captures import import_capture

    paths = [Path(name) for name in inputs]

    def step() -> int:
        with tempfile.TemporaryDirectory() as folder:
            return import_capture(sensor, paths, Path(folder) / "capture").events

    return step


JOBS: dict[str, Callable[..., Step]] = {
    job.__name__: job
    for job in (
        synthetic,
        read_three,
        read_all,
        learn,
        features_three,
        features_all,
        features_trees,
        score,
        pandas_three,
        read_rules,
        rules,
        commands,
        sigma_here,
        sigma_sqlite,
        import_sensor,
    )
}
"""Every job by name."""


def main(name: str, *arguments: str) -> None:
    """Run one job: prepare, time its step, print seconds, CPU seconds, events and peak memory as JSON."""
    step = JOBS[name](*arguments)
    start, begun = time.perf_counter(), time.process_time()
    events = step()
    seconds, cpu = time.perf_counter() - start, time.process_time() - begun
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu, "events": events, "peak": peak()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
