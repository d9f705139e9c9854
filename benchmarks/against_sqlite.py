"""The same Sigma rules by pySigma's SQLite backend: what everybody can have without us.

The table holds Sigma's field names over exactly the rows that our engine looks at. Timed are, here,
all from opening the files to hits joined to events; there, filling a table in memory from rows that
lie ready and fetching the number of each row that matches: in SQLite's favour.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from rtml.captures import open_capture
from rtml.rules import Rule, evaluate, load
from rtml.rules.language.inputs import rule_inputs
from rtml.rules.sigma.mapping import log_sources

__all__ = ["RULES", "agreement", "available", "run_ours", "run_sqlite"]

RULES = Path(__file__).parents[2] / "shared/data/rules/sigma/linux/process_creation"
_CATEGORY = "process_creation"


def available() -> str | None:
    """Say why the comparison cannot be made here, if it cannot."""
    if not RULES.is_dir():
        return f"{RULES} is absent"
    try:
        import sigma.backends.sqlite  # noqa: F401
    except ModuleNotFoundError:
        return "pysigma-backend-sqlite is not installed (pip install '.[bench]')"
    return None


def _rules() -> list[Rule]:
    return load([RULES])[0]


def _queries(wanted: set[str]) -> dict[str, str]:
    """Return one query per rule that both sides can run."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    backend, queries = sqliteBackend(), {}
    for rule in SigmaCollection.load_ruleset([str(RULES)], collect_errors=True).rules:
        if str(rule.id) in wanted:
            (query,) = backend.convert_rule(rule)
            queries[str(rule.id)] = query.replace("SELECT *", "SELECT rowid", 1)
    return queries


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _regexp(pattern: str, text: str | None) -> bool:
    return text is not None and _compiled(pattern).search(text) is not None


def _rows(folder: str, rules: list[Rule]) -> tuple[list[str], list[tuple[object, ...]]]:
    source = log_sources()[_CATEGORY]
    columns = sorted(frozenset().union(*(rule.columns for rule in rules)))
    fields = [f for f, column in source.fields.items() if column in columns]
    rows = (
        rule_inputs(open_capture(folder), source.kinds, source.where, columns)
        .select(f"in:{source.fields[field]}" for field in fields)
        .collect()
        .rows()
    )
    return fields, rows


def _table(fields: list[str], rows: list[tuple[object, ...]]) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.create_function("REGEXP", 2, _regexp, deterministic=True)
    base.execute(f"CREATE TABLE logs ({', '.join(fields)})")
    base.executemany(f"INSERT INTO logs VALUES ({', '.join('?' * len(fields))})", rows)
    return base


def _keep(folder: str, who: str, counts: dict[str, int]) -> None:
    (Path(folder) / f"{who}.json").write_text(json.dumps(counts))


def run_sqlite(folder: str) -> Callable[[], int]:
    """Read the rows; the step fills a table, runs every query and counts the hits of each rule."""
    rules = _rules()
    queries, (fields, rows) = _queries({rule.id for rule in rules}), _rows(folder, rules)

    def step() -> int:
        base = _table(fields, rows)
        counts = {name: len(base.execute(query).fetchall()) for name, query in queries.items()}
        _keep(folder, "sqlite", counts)
        return open_capture(folder).manifest.events

    return step


def run_ours(folder: str) -> Callable[[], int]:
    """Open the capture; the step reads it, runs the same rules and joins hits to events."""
    capture, rules = open_capture(folder), _rules()

    def step() -> int:
        table = evaluate(capture, rules).table
        _keep(folder, "ours", dict(table.select("rule", "hits").iter_rows()))
        return capture.manifest.events

    return step


def agreement(folder: Path) -> str:
    """Say on how many rules both sides have the same hits, and name those where not."""
    ours, theirs = (json.loads((folder / f"{who}.json").read_text()) for who in ("ours", "sqlite"))
    wrong = {name: (ours[name], n) for name, n in sorted(theirs.items()) if ours[name] != n}
    hits = sum(ours[name] for name in theirs)
    said = f"{len(theirs) - len(wrong)} of {len(theirs)} rules have the same number of hits"
    unlike = "".join(f"; {name}: {a} here, {b} by SQLite" for name, (a, b) in wrong.items())
    return f"{said} ({hits:,} hits){unlike}"
