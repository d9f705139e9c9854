"""A second opinion on our pack's rules: written plainly in Python, asked of one event after the other."""

from __future__ import annotations

from pathlib import Path

from benchmarks.plain.rules import hits_of, inputs_of
from rtml.captures import open_capture
from rtml.rules import evaluate, load_pack

LAB = Path(__file__).parents[2] / "datasets" / "lab-v1" / "capture"


def test_plain_python_matches_what_the_engine_does():
    rules, _ = load_pack("container")
    ours = evaluate(open_capture(LAB), rules).hits
    groups = inputs_of(LAB)
    assert sum(len(tests) for tests, _ in groups) == len(rules)
    assert sum(hits_of(*group) for group in groups) == ours.height > 600
