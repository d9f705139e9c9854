"""Formats that findings are handed on in.

Registration: one entry of `EXPORTS`, or an entry point of ``rtml.exports`` in somebody else's package.
"""

from __future__ import annotations

from rtml import registered
from rtml.findings.exports.contract import HERE, Export, Origin, by_line
from rtml.findings.exports.rows import Row, rows_of
from rtml.registry import Registry

__all__ = ["EXPORTS", "HERE", "Export", "Origin", "Row", "by_line", "rows_of"]

EXPORTS: Registry[Export] = Registry(
    "export format", "rtml.exports", registered.EXPORTS, lambda value: isinstance(value, Export)
)
"""Formats by name."""
