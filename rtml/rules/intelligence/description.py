"""The description of a set of lists: which files, what they stand for, how severe a hit is."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pydantic

from rtml.errors import RtmlError, UsageError, lookup
from rtml.findings.levels import LEVELS
from rtml.reading.faults import validated
from rtml.reading.user_yaml import read_yaml
from rtml.rules.intelligence.categories import categories

__all__ = ["ListDescription", "described", "shipped_lists"]

Format = Literal["plain", "csv", "json", "stix"]


class ListDescription(pydantic.BaseModel):
    """One list: a file and what its entries mean.

    Parameters
    ----------
    name
        As findings and the account name it.
    file
        Beside the description, or an absolute path.
    format
        ``plain`` (one entry a line, ``#`` and ``;`` begin comments), ``csv``, ``json`` (objects, one a
        line or in a list) or ``stix`` (STIX 2.1: a bundle or TAXII's envelope).
    category
        A key of ``categories.yml``; none for a trusted list.
    severity
        A level of rules; default: the category's.
    trusted
        Hits on what such a list holds are silenced, and counted.
    match
        Whether a listed domain stands for its subdomains too.
    column
        Of CSV: a column's name in the header, or its number from 1 in a file without one. Of JSON: the key,
        if it is none of `rtml.rules.intelligence.records.KEYS`.
    may_be_empty
        A list of which no entry can be used is no error: it guards nothing, and says so.
    author, licence
        Go with every hit, as those of rules do.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: str = pydantic.Field(min_length=1, max_length=200)
    file: Path
    format: Format = "plain"
    category: str | None = None
    severity: str | None = None
    trusted: bool = False
    match: Literal["subdomains", "exact"] = "subdomains"
    column: str | int = 1
    may_be_empty: bool = False
    author: str = ""
    licence: str = ""

    @property
    def level(self) -> str:
        """Level of a hit."""
        return self.severity or (categories()[self.category].level if self.category else "low")

    def takes(self, kind: str) -> bool:
        """Tell whether entries of this kind mean anything in this list."""
        return self.trusted or categories()[self.category or ""].takes(kind)


def shipped_lists() -> Path:
    """Return the description of the shipped test lists.

    They hold addresses and names that are reserved for documentation, and names that a cloud
    provider keeps for testing its own detection: never real indicators.
    """
    return Path(str(files("rtml.rules.intelligence"))) / "test_lists" / "lists.yml"


def described(path: str | Path) -> list[ListDescription]:
    """Read a description: ``lists:`` with one mapping for each list.

    Parameters
    ----------
    path
        A YAML file, or ``test`` for the shipped test lists.

    Returns
    -------
    The lists, files made absolute.

    Raises
    ------
    UsageError
        The file cannot be read, or is no such description; the list and the key are named.

    Examples
    --------
    >>> [description.category for description in described("test")][:2]
    ['command-and-control', 'cryptocurrency']
    """
    file = Path(path)
    if str(path) == "test" and not file.exists():
        file = shipped_lists()
    nothing = "describes no lists; write 'lists:' with one mapping for each"
    rows = read_yaml(file, dict, nothing).get("lists")
    if not isinstance(rows, list) or not rows:
        raise UsageError(f"{file}: {nothing}")
    return [_description(file, number, row) for number, row in enumerate(rows, 1)]


def _description(file: Path, number: int, row: Any) -> ListDescription:
    where = f"{file}: list {number}"
    description = validated(ListDescription, row, where)
    try:
        _check(description)
    except RtmlError as error:
        raise UsageError(f"{where} ({description.name}): {error}") from error
    return description.model_copy(update={"file": (file.parent / description.file).absolute()})


def _check(description: ListDescription) -> None:
    if description.severity is not None:
        lookup(LEVELS, description.severity, "severity")
    if description.category is not None:
        lookup(categories(), description.category, "category")
    elif not description.trusted:
        raise UsageError("needs a category, or 'trusted: true'")
