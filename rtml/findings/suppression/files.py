"""Read suppression rules from YAML, or from verdicts; an error names the rule and the nearest known name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rtml.errors import UsageError
from rtml.findings.suppression.archiving import Suppression
from rtml.findings.suppression.verdicts import as_suppressions
from rtml.findings.verdicts import read_verdicts
from rtml.reading.faults import validated
from rtml.reading.user_yaml import read_yaml
from rtml.schema import FINDINGS, empty

__all__ = ["read_suppressions"]

_WANTED = "suppression rules are a list, each with name, owner, reason, …"


def read_suppressions(path: Path) -> list[Suppression]:
    """Read a YAML file: a list of rules. Or a file of verdicts (``.jsonl``), whose benign ones silence.

    Raises
    ------
    UsageError
        The file cannot be read, or is no list of rules; a rule lacks owner, reason or expiry, or
        names a field, a test or a value that does not exist: the rule and the nearest known name
        are named.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "suppressions.yml"
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
    if path.suffix == ".jsonl":
        return as_suppressions(read_verdicts(path))
    rows = read_yaml(path, list, _WANTED)
    rules = [_rule(path, number, row) for number, row in enumerate(rows, 1)]
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: two rules are called {twice!r}")
    return rules


def _rule(path: Path, number: int, row: Any) -> Suppression:
    where = f"{path}: rule {number}"
    rule = validated(Suppression, row, where)
    try:
        empty(FINDINGS).select(rule.matches())
    except UsageError as error:
        raise UsageError(f"{where} ({rule.name}): {error}") from error
    return rule
