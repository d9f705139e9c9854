"""Small Sigma rules as text, for tests."""

from __future__ import annotations

from typing import Any

import yaml

from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.sigma.assembling import parse


def document(detection: dict[str, Any], category: str = "process_creation", **more: Any) -> dict[str, Any]:
    return {
        "title": "A rule",
        "id": "11111111-2222-3333-4444-555555555555",
        "level": "high",
        "author": "Someone",
        "logsource": {"product": "linux", "category": category},
        "tags": ["attack.execution", "attack.t1059.004"],
        "detection": detection,
        **more,
    }


def load_one(detection: dict[str, Any], category: str = "process_creation", **more: Any) -> Any:
    text = yaml.safe_dump(document(detection, category, **more))
    (found,) = parse(text, "test.yml")
    return found


def rule(fields: Any, category: str = "process_creation", **more: Any) -> Rule:
    found = load_one({"s": fields, "condition": "s"}, category, **more)
    assert isinstance(found, Rule), found
    return found


def refusal(fields: Any, category: str = "process_creation", **more: Any) -> str:
    found = load_one({"s": fields, "condition": "s"}, category, **more)
    assert isinstance(found, Skipped), found
    return found.reason
