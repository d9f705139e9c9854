"""The rule baseline: what good rules find, set fairly beside the models.

A `Rule` is metadata plus a condition on one event (`rtml.rules.language.conditions`), whatever language it
was written in; front ends translate into it. `load` returns ``(rules, skipped)``: a rule that
cannot be loaded is listed with its file and its reason and never stops the others. `evaluate` runs
all rules over the distinct inputs of a capture and yields hits (one row per event and rule);
`findings_of` turns hits into the findings table, `tune` makes exceptions from benign data.
"""

from typing import TYPE_CHECKING

from rtml.lazy import lazily

if TYPE_CHECKING:
    from rtml.findings.levels import LEVELS, WEIGHTS
    from rtml.rules.account import Evaluation
    from rtml.rules.language.contract import Rule, Skipped
    from rtml.rules.running.detector import RuleDetector
    from rtml.rules.running.evaluate import evaluate
    from rtml.rules.running.event_detector import EventDetector
    from rtml.rules.running.findings import findings_of, rule_scores
    from rtml.rules.running.first_seen import FirstSeen
    from rtml.rules.running.registered import EVENT_DETECTORS
    from rtml.rules.running.run import run_rules
    from rtml.rules.running.tuning import apply, tune
    from rtml.rules.sigma.loading import PACKS, load, load_pack

__all__ = [
    "EVENT_DETECTORS",
    "LEVELS",
    "PACKS",
    "WEIGHTS",
    "Evaluation",
    "EventDetector",
    "FirstSeen",
    "Rule",
    "RuleDetector",
    "Skipped",
    "apply",
    "evaluate",
    "findings_of",
    "load",
    "load_pack",
    "rule_scores",
    "run_rules",
    "tune",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "LEVELS": "rtml.findings.levels",
        "WEIGHTS": "rtml.findings.levels",
        "Evaluation": "rtml.rules.account",
        "Rule": "rtml.rules.language.contract",
        "Skipped": "rtml.rules.language.contract",
        "RuleDetector": "rtml.rules.running.detector",
        "evaluate": "rtml.rules.running.evaluate",
        "EventDetector": "rtml.rules.running.event_detector",
        "findings_of": "rtml.rules.running.findings",
        "rule_scores": "rtml.rules.running.findings",
        "FirstSeen": "rtml.rules.running.first_seen",
        "run_rules": "rtml.rules.running.run",
        "apply": "rtml.rules.running.tuning",
        "tune": "rtml.rules.running.tuning",
        "PACKS": "rtml.rules.sigma.loading",
        "load": "rtml.rules.sigma.loading",
        "load_pack": "rtml.rules.sigma.loading",
        "EVENT_DETECTORS": "rtml.rules.running.registered",
    },
)
