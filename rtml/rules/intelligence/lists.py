"""Load sets of lists: entries ready for matching, and every line that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml.errors import UsageError
from rtml.rules.intelligence.addresses import match_addresses
from rtml.rules.intelligence.categories import categories
from rtml.rules.intelligence.description import ListDescription, described
from rtml.rules.intelligence.domains import match_domains
from rtml.rules.intelligence.entries import classify, domain_entries, hash_entries, network_entries
from rtml.rules.intelligence.files import read_list_text
from rtml.rules.intelligence.formats import FORMATS, RAW
from rtml.schema import REJECTS, empty

__all__ = ["CALLERS", "Intelligence", "load_intelligence"]

CALLERS = pl.Schema(
    {
        "value": pl.String,
        "caller": pl.String,
        "level": pl.String,
        "list": pl.String,
        "entry": pl.String,
        "until": pl.Int64,
    }
)
"""An address that called an API: its family of finding (`Category.caller`), list and entry, and until when
(ns, null: always) it is listed."""


@dataclass(frozen=True)
class Intelligence:
    """Lists and their entries.

    ``entries`` has a frame for each kind (address, domain, sha256); their column ``list`` counts in
    ``lists``. ``rejects`` (`rtml.schema.REJECTS`) are lines without an entry.
    """

    lists: tuple[ListDescription, ...]
    entries: dict[str, pl.DataFrame]
    rejects: pl.DataFrame

    def match(self, kind: str, values: pl.Series) -> pl.DataFrame:
        """Return ``value, list, entry, until, size`` of the values that lists hold, trusted ones too.

        ``until`` (ns, null: always) is when the entry ends to hold: rows after that are no hits.
        """
        return _MATCHERS[kind](values, self.entries[kind])

    def untrusted(self, kind: str, values: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return matches of threat lists on values that no trusted list holds, and the trusted.

        The second frame has ``value``, ``list`` (the threat list that was silenced), ``entry`` and
        ``trusted`` (the list that silenced it), once for each value and list.
        """
        trusted = [i for i, description in enumerate(self.lists) if description.trusted]
        matches = self.match(kind, values)
        good = matches.filter(pl.col("list").is_in(trusted))
        bad = matches.filter(~pl.col("list").is_in(trusted))
        first = good.unique("value", keep="first", maintain_order=True)
        once = bad.unique(["value", "list"], keep="first", maintain_order=True)
        silenced = once.join(first.select("value", trusted="list"), on="value", maintain_order="left")
        return bad.join(first, on="value", how="anti", maintain_order="left"), silenced

    def callers(self, addresses: pl.Series) -> pl.DataFrame:
        """Say which addresses, as callers of an API, are on threat lists (`CALLERS`).

        A pure function of a column of addresses and the lists; addresses of trusted lists are left
        out. One row for each address and list.

        Examples
        --------
        >>> intelligence = load_intelligence(["test"])
        >>> intelligence.callers(pl.Series(["192.0.2.66", "192.0.2.1"])).rows()
        [('192.0.2.66', 'TorIPCaller', 'high', 'Test: Tor', '192.0.2.64/26', None)]
        """
        rows = [
            (i, description.name, description.level, categories()[description.category].caller)
            for i, description in enumerate(self.lists)
            if description.category
        ]
        schema = {"list": pl.UInt32, "name": pl.String, "level": pl.String, "caller": pl.String}
        facts = pl.DataFrame(rows, schema=schema, orient="row").drop_nulls("caller")
        matches, _ = self.untrusted("address", addresses)
        callers = matches.join(facts, on="list", maintain_order="left")
        columns = ["value", "caller", "level", "name", "entry", "until"]
        return callers.select(columns).rename({"name": "list"})


def _match_hashes(values: pl.Series, listed: pl.DataFrame) -> pl.DataFrame:
    distinct = values.cast(pl.String).drop_nulls().unique().sort().alias("value").to_frame()
    return (
        distinct.with_columns(sha256=pl.col("value").str.to_lowercase())
        .join(listed, on="sha256", maintain_order="left_right")
        .select("value", "list", "entry", "until", size=pl.lit(0, pl.Int64))
    )


_Matcher = Callable[[pl.Series, pl.DataFrame], pl.DataFrame]
_MATCHERS: dict[str, _Matcher] = {
    "address": match_addresses,
    "domain": match_domains,
    "sha256": _match_hashes,
}


def load_intelligence(paths: Iterable[str | Path]) -> Intelligence:
    """Load every list of these descriptions.

    Parameters
    ----------
    paths
        Descriptions (`rtml.rules.intelligence.description`), or ``test``.

    Returns
    -------
    The lists with their entries. Lines that hold no entry, or one that the list's category has no
    use for, are rejects. A list of which none is left is an error, or, if it ``may_be_empty``, says so as
    the first of its rejects.

    Raises
    ------
    RtmlError
        A file cannot be read, or is not what its format says; the file is named.
    UsageError
        A description is wrong, two lists have one name, or a list guards nothing.

    Examples
    --------
    >>> intelligence = load_intelligence(["test"])
    >>> len(intelligence.lists), intelligence.rejects.height
    (12, 0)
    """
    lists = [description for path in paths for description in described(path)]
    names = [description.name for description in lists]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two lists are called {twice!r}; every list needs a name of its own")
    classified = [_classified(description) for description in lists]
    entries = {
        "address": [network_entries(frame, i) for i, frame in enumerate(classified)],
        "domain": [domain_entries(frame, i, lists[i].match == "exact") for i, frame in enumerate(classified)],
        "sha256": [hash_entries(frame, i) for i, frame in enumerate(classified)],
    }
    rejects = [_rejects(frame, description) for frame, description in zip(classified, lists, strict=True)]
    return Intelligence(
        tuple(lists),
        {kind: pl.concat(frames) if frames else _none(kind) for kind, frames in entries.items()},
        pl.concat([empty(REJECTS), *rejects]),
    )


def _none(kind: str) -> pl.DataFrame:
    nothing = classify(empty(RAW))
    if kind == "domain":
        return domain_entries(nothing, 0, exact=False)
    return network_entries(nothing, 0) if kind == "address" else hash_entries(nothing, 0)


def _classified(description: ListDescription) -> pl.DataFrame:
    entries = classify(FORMATS[description.format](read_list_text(description.file), description))
    if description.trusted:
        ends = pl.when(pl.col("until").is_not_null()).then(
            pl.lit("ends to be trusted, which is not looked at")
        )
        entries = _without(entries, ends)
    useless = [kind for kind in ("address", "domain", "sha256") if not description.takes(kind)]
    if not useless:
        return entries
    reason = pl.when(pl.col("kind").is_in(useless)).then(
        pl.format("category {} has no finding type for this kind ({})", pl.lit(description.category), "kind")
    )
    return _without(entries, reason)


def _without(entries: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    """Refuse the entries that have a reason."""
    entries = entries.with_columns(reason=pl.coalesce("reason", reason))
    return entries.with_columns(kind=pl.when(pl.col("reason").is_null()).then("kind"))


def _rejects(entries: pl.DataFrame, description: ListDescription) -> pl.DataFrame:
    refused = entries.filter(pl.col("kind").is_null())
    rejects = refused.select(
        file=pl.lit(str(description.file)),
        line="line",
        reason="reason",
        text=pl.col("value").str.slice(0, 200),
    )
    if refused.height < entries.height:
        return rejects
    if not description.may_be_empty:
        raise UsageError(_guards_nothing(description, rejects))
    row = (str(description.file), 0, f"{_NOTHING}: it guards nothing", description.name)
    return pl.concat([pl.DataFrame([row], schema=REJECTS, orient="row"), rejects])


_NOTHING = "no entry of this list can be used"


def _guards_nothing(description: ListDescription, rejects: pl.DataFrame) -> str:
    """Say of which list nothing is left, why, and the ways out."""
    why = "the file holds none"
    if rejects.height:
        line, reason = rejects.row(0)[1:3]
        why = f"{rejects.height:,} refused, the first in line {line}: {reason}"
    return (
        f"{description.file}: list {description.name!r} guards nothing, for {_NOTHING} ({why});"
        " name its format, column or category, or write 'may_be_empty: true' beside it"
    )
