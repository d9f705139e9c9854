"""How commands say what suppression rules did."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtml.findings.suppression.archiving import Suppressed

__all__ = ["suppression_lines"]


def suppression_lines(done: Suppressed) -> list[str]:
    """Return a line for each suppression rule: what it archived, or that it has expired."""
    return [
        f"archived {row['archived']:,} findings by '{row['name']}' ({row['owner']}:"
        f" {row['reason']}; until {row['expires']:%Y-%m-%d %H:%M} UTC)"
        if row["active"]
        else f"expired '{row['name']}' ({row['owner']}) on {row['expires']:%Y-%m-%d %H:%M} UTC:"
        f" it acts no more on {row['matched']:,} findings"
        for row in done.account.to_dicts()
    ]
