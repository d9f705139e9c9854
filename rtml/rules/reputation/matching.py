"""A reputation model over the queries of a capture: ordinary hits, one rule for each category."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.account import Evaluation, account, with_root
from rtml.rules.intelligence.lists import Intelligence
from rtml.rules.intelligence.matching import SILENCED, Matched, counted, list_hits
from rtml.rules.intelligence.observed import OBSERVED
from rtml.rules.intelligence.resolvers import copies
from rtml.rules.language.conditions import Absent, Not
from rtml.rules.language.contract import Rule
from rtml.rules.reputation.categories import CATEGORIES
from rtml.rules.reputation.model import Model
from rtml.text import visible

__all__ = ["match_reputation", "reputation_rules"]


def reputation_rules(model: Model, source: str = "") -> list[Rule]:
    """Return one rule for each category that the model knows."""
    return [
        Rule(
            id=f"reputation:{name}",
            title=f"Low reputation of a name: {name}",
            level=CATEGORIES[name].level,
            finding_type=CATEGORIES[name].finding_type,
            techniques=CATEGORIES[name].techniques,
            tags=(),
            authors="",
            licence="",
            source=source,
            kinds=OBSERVED["domain"].kinds,
            where="",
            condition=Not(Absent("domain")),
        )
        for name in model.card.thresholds
    ]


def match_reputation(
    capture: Capture, model: Model, intelligence: Intelligence | None = None, source: str = ""
) -> Matched:
    """Score every distinct name that workload containers asked for.

    Parameters
    ----------
    capture
        Containers of role ``infrastructure`` and host processes are not looked at.
    model
        As `Model.load` returns it.
    intelligence
        Lists; names of trusted ones are silenced, and counted.
    source
        Where the model came from, for the account.

    Returns
    -------
    Hits have ``entry``: the name, its score and the threshold, in log-odds. A resolver's copy of
    another container's query is dropped and counted.
    """
    rules = reputation_rules(model, source)
    events = OBSERVED["domain"].events(capture)
    weight = pl.col("count").fill_null(1).sum().cast(pl.Int64).alias("events")
    values = events.group_by("value").agg(weight).collect(engine="streaming")
    low = model.low(values["value"]).with_columns(rule="reputation:" + pl.col("category"))
    trusted = _trusted(low["value"], intelligence)
    silenced = low.join(trusted, on="value").join(values, on="value").select(*SILENCED)
    low = low.join(trusted, on="value", how="anti", maintain_order="left")
    matches = events.join(_shown(low).lazy(), on="value").collect(engine="streaming")
    copied = copies(matches)
    hits = list_hits(matches.filter(~copied))
    dead = frozenset() if values["value"].is_not_null().any() else frozenset({"domain"})
    table = account(capture, rules, hits, int(values["events"].sum()), dead)
    uncounted = pl.concat([silenced, counted(matches.filter(copied), "the resolver's copy")])
    return Matched(rules, Evaluation(with_root(hits, capture), table), uncounted)


def _trusted(names: pl.Series, intelligence: Intelligence | None) -> pl.DataFrame:
    if intelligence is None:
        return pl.DataFrame(schema={"value": pl.String, "by": pl.String})
    lists = {
        i: f"trusted: {description.name}"
        for i, description in enumerate(intelligence.lists)
        if description.trusted
    }
    matches = intelligence.match("domain", names).filter(pl.col("list").is_in(list(lists)))
    by = pl.col("list").replace_strict(lists, default=None, return_dtype=pl.String)
    return matches.unique("value", keep="first", maintain_order=True).select("value", by=by)


def _shown(low: pl.DataFrame) -> pl.DataFrame:
    entries = [
        f"{visible(row['value'])} scores {row['score']:.1f}, threshold {row['threshold']:.1f}"
        for row in low.to_dicts()
    ]
    return low.select("value", "rule", entry=pl.Series(entries, dtype=pl.String))
