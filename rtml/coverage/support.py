"""Which finding types and feature families a capture can support, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from rtml.baselines import Conditional
from rtml.captures.store import Capture
from rtml.coverage.destinations import untimed
from rtml.features.contract import Family
from rtml.features.families import AUDIT_FAMILIES, FAMILIES
from rtml.rules.account import TABLE, no_events
from rtml.rules.catalogue import standing
from rtml.rules.language.contract import Rule
from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.run import load_all
from rtml.schema import empty

__all__ = ["FAMILIES_SEEN", "TYPES_SEEN", "families_seen", "types_seen"]

TYPES_SEEN = pl.Schema(
    {"type": pl.String(), "supported": pl.String(), "by": pl.Int64(), "why_not": pl.String()}
)
"""``supported``: yes, partly, no, or ``data`` (with lists or a model that the user names). ``by``: rules."""

FAMILIES_SEEN = pl.Schema(
    {"family": pl.String(), "supported": pl.String(), "events": pl.Int64(), "why_not": pl.String()}
)
"""``events`` are those that the family looks at, an event once for each of its parts."""

_DATA = ("list:", "reputation:")
_LISTED = {"domain": ("dns", "domain"), "file": ("exec", "exe_sha256"), "address": ("connect", "dst_ip")}
"""What lists and models are held against: kind of event and column."""


def types_seen(capture: Capture, rules: Sequence[Rule] | None = None) -> pl.DataFrame:
    """Return one row per finding type of the catalogue (`TYPES_SEEN`), in its order.

    Parameters
    ----------
    capture
        The rules are run on it, so that this and the account of rules (``could_match``) never differ.
    rules
        Those that stand for the types; None: all of our own.
    """
    chosen = load_all(packs=("container", "k8s-audit"))[0] if rules is None else list(rules)
    table = evaluate(capture, chosen).table if chosen else empty(TABLE)
    accounts = {row["rule"]: row for row in table.to_dicts()}
    rows = [
        _type(capture, row, accounts) for row in standing((rule.finding_type, rule.id) for rule in chosen)
    ]
    return pl.DataFrame(rows, schema=TYPES_SEEN, orient="row")


def _type(
    capture: Capture, row: dict[str, Any], accounts: dict[str, dict[str, Any]]
) -> tuple[str, str, int, str | None]:
    own = [accounts[name] for name in row["by"] if name in accounts]
    able = [account for account in own if account["could_match"]]
    if not own:
        return _of_data(capture, row)
    reasons = sorted({account["why_not"] for account in own if account["why_not"]})
    partly = len(able) < len(own) or bool(reasons)
    supported = "no" if not able else "partly" if partly else "yes"
    return row["type"], supported, len(own), "; ".join(reasons) or None


def _of_data(capture: Capture, row: dict[str, Any]) -> tuple[str, str, int, str | None]:
    """Judge a type that only lists or models of the user's can find."""
    needed = [name for name in row["by"] if name.startswith(_DATA)]
    if not needed:
        return row["type"], "no", 0, "nothing stands for it"
    domain = "!DNS" in row["type"] or "Domain" in row["type"]
    kind, column = _LISTED["domain" if domain else "file" if "File" in row["type"] else "address"]
    if kind not in capture.manifest.kinds:
        return row["type"], "no", 0, no_events(capture, [kind])
    known = capture.events([column], kinds=[kind]).select(pl.col(column).is_not_null().any())
    if not known.collect(engine="streaming").item():
        return row["type"], "no", 0, f"always null here: {column}"
    return row["type"], "data", 0, f"needs {' or '.join(needed)} of yours"


def families_seen(capture: Capture) -> pl.DataFrame:
    """Return one row per feature family (`FAMILIES_SEEN`): of containers, then of the audit log."""
    families = [table[name] for table in (FAMILIES, AUDIT_FAMILIES) for name in table.own]
    rows = [_family(capture, family) for family in families]
    return pl.DataFrame(rows, schema=FAMILIES_SEEN, orient="row")


def _family(capture: Capture, family: Family) -> tuple[str, str, int, str | None]:
    slow = untimed(capture) if family.paced else None
    if slow is not None:
        return family.name, "no", 0, slow
    if not family.conditionals:
        events = capture.manifest.events
        return family.name, "yes" if events else "no", events, None if events else "the capture is empty"
    parts = {conditional.name: _part(capture, conditional) for conditional in family.conditionals}
    given = {name: why for name, (_, why) in parts.items() if why}
    alike = len(given) == len(parts) and len(set(given.values())) == 1
    reasons = {why if alike else f"{name}: {why}" for name, why in given.items()}
    able = sum(why is None for _, why in parts.values())
    supported = "yes" if able == len(parts) else "partly" if able else "no"
    events = sum(count for count, _ in parts.values())
    return family.name, supported, events, "; ".join(sorted(reasons)) or None


def _part(capture: Capture, conditional: Conditional) -> tuple[int, str | None]:
    """Return how many events a part of a family has to look at, and why it has none."""
    selection = conditional.selection
    if not set(selection.kinds) & set(capture.manifest.kinds):
        return 0, no_events(capture, selection.kinds)
    events = capture.events(None, kinds=selection.kinds)
    if "audit" not in selection.kinds:
        events = events.filter(pl.col("container_id").is_not_null())
    try:
        rows = selection.chosen(events)
        count = int(rows.select(pl.len()).collect(engine="streaming").item())
    except pl.exceptions.ColumnNotFoundError:  # it looks at columns beside those of events
        count = int(events.select(pl.len()).collect(engine="streaming").item())
    if count:
        return count, None
    looked_at = int(events.select(pl.len()).collect(engine="streaming").item())
    needed = [] if selection.where is None else sorted(set(selection.where.meta.root_names()) - {"kind"})
    if not looked_at or not needed:
        return 0, no_events(capture, selection.kinds)
    said = f"none of its {', '.join(selection.kinds[:4])} events has what is looked at"
    return 0, f"{said} ({', '.join(needed)})"
