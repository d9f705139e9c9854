"""Read suppression rules from YAML; what is wrong is said with the rule and the nearest name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import yaml

from rtml.errors import RtmlError, UsageError, did_you_mean
from rtml.findings.suppression.archiving import Suppression
from rtml.schema import FINDINGS

__all__ = ["read_suppressions"]

_MOST_BYTES = 5_000_000


def read_suppressions(path: Path) -> list[Suppression]:
    """Read a YAML file: a list of rules.

    Raises
    ------
    RtmlError
        The file cannot be read.
    UsageError
        It is no list of rules; a rule lacks owner, reason or expiry, or names a field, a test or a
        value that does not exist: the rule and the nearest known name are said.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "quiet.yml"
    >>> _ = file.write_text('''
    ... - name: agents on build hosts
    ...   owner: platform@example.org
    ...   reason: the build agent runs what it has just downloaded
    ...   expires: 2027-01-31
    ...   where:
    ...     type: Execution:Runtime/NewBinaryExecuted
    ...     container_name: {matches: "build-*"}
    ...     severity: {less: 8}
    ... ''')
    >>> read_suppressions(file)[0].expires.isoformat()
    '2027-02-01T00:00:00+00:00'
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RtmlError(f"{path}: larger than {_MOST_BYTES:,} bytes, no suppression rules")
        rows = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise RtmlError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(rows, list):
        raise UsageError(f"{path}: suppression rules are a list, each with name, owner, reason, …")
    rules = [_rule(path, number, row) for number, row in enumerate(rows, 1)]
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: two rules are called {twice!r}")
    return rules


def _rule(path: Path, number: int, row: Any) -> Suppression:
    where = f"{path}: rule {number}"
    try:
        rule = Suppression.model_validate(row)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the rule"
        text = first["msg"]
        if first["type"] == "extra_forbidden":
            text = f"unknown key; {did_you_mean(key, Suppression.model_fields)}"
        elif first["type"] == "missing":
            text = "is required"
        raise UsageError(f"{where}: {key}: {text}") from error
    try:
        FINDINGS.to_frame().select(rule.matches())
    except UsageError as error:
        raise UsageError(f"{where} ({rule.name}): {error}") from error
    return rule
