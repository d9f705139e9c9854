"""Every finding type that rtml can report, and what to do about it."""

from __future__ import annotations

from docsite.markdown import table
from rtml.findings.remediation import GENERAL, Advice, advised

__all__ = ["finding_types"]

_HEAD = """# Finding types and what to do

Every type that rtml can report, with the advice that a finding carries into each [format](../formats.md):
what to check, how to contain it if it is real, how to silence it if it is not. Which rule or model reports
which: [finding types](../finding-types.md), [rules](rules.md). Types of others (imported alerts, own rules)
get general advice: {general}

"""


def finding_types() -> str:
    """Return the page: types that share their advice stand together."""
    grouped: dict[Advice, list[str]] = {}
    for name, words in advised().items():
        grouped.setdefault(words, []).append(name)
    rows = [
        (" ".join(f"`{name}`" for name in names), words.check, words.contain, words.silence)
        for words, names in grouped.items()
    ]
    return _HEAD.format(general=GENERAL) + table(("types", "check", "contain", "silence"), rows)
