"""What a list stands for, as data: ``categories.yml`` beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rtml.reading.packaged import packaged_yaml

__all__ = ["USES", "Category", "categories"]

USES: dict[str, str] = {
    "address": "address",
    "relay": "address",
    "answer": "address",
    "domain": "domain",
    "sha256": "sha256",
}
"""How a list is matched against events, and the kind of entry that it takes."""


@dataclass(frozen=True)
class Category:
    """Finding types by use (a key of `USES`), and what goes with them.

    ``caller`` is the family of a Kubernetes audit finding (``MaliciousIPCaller``) when the address
    is where an API call came from; the audit rules put the tactic before it.
    """

    level: str
    techniques: tuple[str, ...]
    types: Mapping[str, str]
    caller: str | None

    def takes(self, kind: str) -> bool:
        """Tell whether entries of a kind (address, domain, sha256) mean anything here.

        Examples
        --------
        >>> categories()["dga"].takes("domain"), categories()["dga"].takes("address")
        (True, False)
        """
        used = any(USES[use] == kind for use in self.types)
        return used or (kind == "address" and self.caller is not None)


@cache
def categories() -> dict[str, Category]:
    """Read the table of categories.

    Examples
    --------
    >>> categories()["tor"].types["relay"]
    'UnauthorizedAccess:Runtime/TorRelay'
    """
    return {
        name: Category(
            row["level"],
            tuple(row["techniques"]),
            {use: row[use] for use in USES if use in row},
            row.get("caller"),
        )
        for name, row in packaged_yaml("rtml.rules.intelligence", "categories.yml", dict).items()
    }
