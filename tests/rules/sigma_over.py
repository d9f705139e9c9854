"""Small Sigma correlations and filters, and events for them, for tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from tests.rules.conftest import START

OPERATORS = {
    "gt": lambda n, k: n > k,
    "gte": lambda n, k: n >= k,
    "lt": lambda n, k: n < k,
    "lte": lambda n, k: n <= k,
    "eq": lambda n, k: n == k,
    "neq": lambda n, k: n != k,
}


def base(name: str, program: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "title": f"One {name}",
        "name": name,
        "level": "low",
        "logsource": {"product": "linux", "category": "process_creation"},
        "detection": {"s": {"Image|endswith": f"/{program or name}"}, "condition": "s"},
        **more,
    }


def over(kind: str, rules: Any, condition: Any = None, **more: Any) -> dict[str, Any]:
    inner = {"type": kind, "rules": rules, "timespan": "10s", **more}
    if condition is not None:
        inner["condition"] = condition
    return {"title": f"Many {kind}", "level": "high", "correlation": inner}


def written(folder: Path, **files: list[dict[str, Any]]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, documents in files.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump_all(documents))
    return [folder]


def run(program: str, at: float, **more: Any) -> dict[str, Any]:
    when = START + dt.timedelta(seconds=at)
    return {"kind": "exec", "exe": f"/bin/{program}", "comm": program[:15], "time": when, **more}


def held_back(rules: Any, detection: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    tests = detection or {"s": {"User": "root"}, "condition": "not s"}
    logsource = {"product": "linux", "category": "process_creation"}
    return {"title": "Ours", "logsource": logsource, "filter": {"rules": rules, **tests}, **more}
