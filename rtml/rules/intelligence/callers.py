"""Lists over the Kubernetes audit log: who called the API from an address that a threat list holds.

One rule for each list and tactic (`rtml.rules.language.tactics`): GuardDuty's types
``<Tactic>:Kubernetes/MaliciousIPCaller``, ``….Custom`` and ``…/TorIPCaller``.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.account import HITS, Evaluation, account
from rtml.rules.intelligence.categories import categories
from rtml.rules.intelligence.description import ListDescription
from rtml.rules.intelligence.lists import Intelligence
from rtml.rules.intelligence.matching import SILENCED, Matched, counted, expired, still_listed
from rtml.rules.language.conditions import Absent, All, Not, Text
from rtml.rules.language.contract import Rule
from rtml.rules.language.inputs import rule_inputs
from rtml.text import SEPARATOR, visible

__all__ = ["SEVERITY", "caller_rules", "match_callers"]

SEVERITY = {
    "CredentialAccess": "high",
    "DefenseEvasion": "high",
    "Discovery": "medium",
    "Impact": "high",
    "Persistence": "medium",
}
"""Level of a hit by tactic, where the list names none."""

_COLUMNS = ("source_ips", "tactic", "username")


def _rule_id(name: str, tactic: str) -> str:
    return f"intel:{name}:caller:{tactic}"


def caller_rules(lists: Intelligence) -> list[Rule]:
    """Return the rules of every threat list that knows callers.

    Examples
    --------
    >>> from rtml.rules.intelligence import load_intelligence
    >>> [rule.finding_type for rule in caller_rules(load_intelligence(["test"]))][:2]
    ['CredentialAccess:Kubernetes/MaliciousIPCaller', 'DefenseEvasion:Kubernetes/MaliciousIPCaller']
    """
    return [
        _rule(description, tactic)
        for description in lists.lists
        if _caller(description)
        for tactic in SEVERITY
    ]


def _caller(description: ListDescription) -> str | None:
    if description.trusted or not description.category:
        return None
    return categories()[description.category].caller


def _rule(description: ListDescription, tactic: str) -> Rule:
    return Rule(
        id=_rule_id(description.name, tactic),
        title=f"{description.name} (API caller, {tactic})",
        level=description.severity or SEVERITY[tactic],
        finding_type=f"{tactic}:Kubernetes/{_caller(description)}",
        techniques=categories()[description.category or ""].techniques,
        tags=("caller",),
        authors=description.author,
        licence=description.licence,
        source=str(description.file),
        kinds=("audit",),
        where="final",
        condition=All((Not(Absent("source_ips")), Text("tactic", "equals", (tactic,)))),
    )


def match_callers(capture: Capture, lists: Intelligence) -> Matched:
    """Match the source addresses of API calls.

    A call counts once for each list, whatever addresses of it are listed. Calls of Discovery by
    ``system:anonymous`` do not count: `SuccessfulAnonymousAccess` is about them. Fails where
    proxies hide the caller; and all but the last of a call's addresses are what the caller says.

    Parameters
    ----------
    capture, lists
        As for `rtml.rules.intelligence.match_lists`.
    """
    rules = caller_rules(lists)
    events = rule_inputs(capture, ["audit"], "final", _COLUMNS).filter(
        ~((pl.col("in:tactic") == "Discovery") & (pl.col("in:username") == "system:anonymous"))
    )
    calls = events.with_columns(value=pl.col("in:source_ips").str.split(SEPARATOR)).explode("value")
    addresses = calls.collect()
    joined = _joined(addresses, lists)
    kept = joined.filter(still_listed())
    hits = _hits(kept)
    dead = frozenset() if addresses["value"].is_not_null().any() else frozenset({"source_ips"})
    total = addresses.select("host", "seq").n_unique() if addresses.height else 0
    table = account(capture, rules, hits, total, dead)
    gone = counted(expired(joined, kept), "no longer listed then")
    return Matched(rules, Evaluation(hits, table), pl.concat([_silenced(addresses, lists), gone]))


def _joined(calls: pl.DataFrame, lists: Intelligence) -> pl.DataFrame:
    listed = lists.callers(calls["value"])
    shown = [
        visible(entry if entry == value else f"{entry} ({value})")
        for value, entry in listed.select("value", "entry").iter_rows()
    ]
    listed = listed.with_columns(entry=pl.Series("entry", shown, dtype=pl.String))
    return calls.join(listed, on="value").with_columns(
        rule=pl.format("intel:{}:caller:{}", "list", "in:tactic"), root_id=pl.lit(None, pl.Int64)
    )


def _hits(joined: pl.DataFrame) -> pl.DataFrame:
    once = joined.sort("time", "host", "seq", "rule", "entry").unique(
        ["host", "seq", "rule"], keep="first", maintain_order=True
    )
    return once.select(*(pl.col(name).cast(kind) for name, kind in HITS.items()), "entry")


def _silenced(calls: pl.DataFrame, lists: Intelligence) -> pl.DataFrame:
    """Count the calls from listed addresses that a trusted list holds too."""
    names = {i: description.name for i, description in enumerate(lists.lists)}
    _, trusted = lists.untrusted("address", calls["value"])
    callers = [i for i, description in enumerate(lists.lists) if _caller(description)]
    exempt = trusted.filter(pl.col("list").is_in(callers)).select(
        "value",
        list=pl.col("list").replace_strict(names, return_dtype=pl.String),
        by="trusted: " + pl.col("trusted").replace_strict(names, return_dtype=pl.String),
    )
    rule = pl.format("intel:{}:caller:{}", "list", "in:tactic")
    counted = (
        calls.join(exempt, on="value")
        .group_by(rule.alias("rule"), "by")
        .agg(events=pl.col("count").fill_null(1).sum())
    )
    return counted.select(pl.col(name).cast(kind) for name, kind in SILENCED.items())
