"""What must be read with the numbers: suspicions, limits of the data, remarks on sides."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from rtml.evaluation.ledger import Ledger
from rtml.text import visible

__all__ = ["warnings"]

_MOST = 200


def warnings(ledger: Ledger) -> list[Text]:
    """Return a line per suspicion, limit and remark, as they are printed below the table.

    Strings of a capture among them are shown with their control characters spelled out.
    """
    suspicions = [Text(f"  ! {visible(line, 400)}", "bold red") for line in ledger.facts["suspicions"]]
    limits = [Text(f"  - {visible(line, 400)}", "dim") for line in ledger.facts["limits"]]
    limits.append(Text(f"  - {_labels(ledger.facts['labels'])}", "dim"))
    remarks = [
        Text(f"  - {visible('; '.join(sides), _MOST)}: {visible(remark, 400)}", "dim")
        for remark, sides in _by_remark(ledger).items()
    ]
    return [*suspicions, *limits, *remarks]


def _labels(facts: dict[str, Any]) -> str:
    return (
        f"labels cover {facts['share of container time']:.1%} of container time (content {facts['digest']})"
    )


def _by_remark(ledger: Ledger) -> dict[str, list[str]]:
    sides: dict[str, list[str]] = {}
    for name, remarks in ledger.summary.select("side", "remarks").iter_rows():
        for remark in filter(None, remarks.split("; ")):
            sides.setdefault(remark, []).append(name)
    return sides
