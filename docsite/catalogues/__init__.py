"""Catalogues of what is registered: a function each, from nothing to the Markdown of a page.

A new catalogue is one file and one line here; every registered name must stand on its page
(``tests/test_docsite.py``).
"""

from __future__ import annotations

from collections.abc import Callable

from docsite.catalogues.commands import commands
from docsite.catalogues.datasets import datasets
from docsite.catalogues.detectors import detectors
from docsite.catalogues.features import features
from docsite.catalogues.finding_types import finding_types
from docsite.catalogues.handing_on import handing_on
from docsite.catalogues.measures import measures
from docsite.catalogues.rules import rules
from docsite.catalogues.sensors import sensors

__all__ = ["CATALOGUES"]

CATALOGUES: dict[str, Callable[[], str]] = {
    "features": features,
    "detectors": detectors,
    "rules": rules,
    "finding-types": finding_types,
    "sensors": sensors,
    "measures": measures,
    "sinks-and-formats": handing_on,
    "datasets": datasets,
    "commands": commands,
}
"""Name of the page to what makes it."""
