"""Rules tuned on the time that a model learnt from, as the models they stand beside are."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.captures import Capture
from rtml.peers import peer_group
from rtml.rules import apply, findings_of, run_rules, tune
from rtml.rules.running.run import Ran
from rtml.schema import FINDINGS, empty
from rtml.times import instant

__all__ = ["of_rules", "quieted", "watched", "why_untuned"]

_AS_THEY_COME = "Rules ran as they come, untuned"


def quieted(
    ran: Ran, capture: Capture, until: dt.datetime, budget: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return findings of rules without the noisiest rules of each workload, and what was set aside.

    Parameters
    ----------
    ran
        Rules that ran over the capture.
    until
        End of the time that is taken for benign: exceptions (`rtml.rules.tune`) come from there alone.
    budget
        Findings per container-day that the rules of a workload may raise together.
    """
    hits = ran.hits
    exceptions = tune(hits.filter(pl.col("time") < instant(until)), watched(capture, until), budget)
    kept = apply(hits, exceptions)
    aside = hits.join(kept.select("host", "seq", "rule"), on=["host", "seq", "rule"], how="anti")
    return findings_of(kept, ran.rules), findings_of(aside, ran.rules)


def of_rules(
    capture: Capture, rules: str | None, until: dt.datetime | None, budget: float | None
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Return findings of rules, and those that tuning has set aside."""
    nothing = empty(FINDINGS)
    if rules is None:
        return [], nothing
    ran = run_rules(capture)
    if rules == "default" or until is None:
        return [ran.findings()], nothing
    kept, aside = quieted(ran, capture, until, 1.0 if budget is None else budget)
    return [kept], aside


def watched(capture: Capture, until: dt.datetime | None = None) -> pl.DataFrame:
    """Return how long each peer group was watched, up to a moment: ``workload``, ``container_days``."""
    facts = capture.judged()
    end = pl.col("last_seen") if until is None else pl.min_horizontal("last_seen", instant(until))
    span = end - pl.col("first_seen")
    days = facts.select(workload=peer_group(facts.columns), days=span.dt.total_seconds() / 86_400)
    return days.filter(pl.col("days") > 0).group_by("workload").agg(container_days=pl.col("days").sum())


def why_untuned(capture: Capture, until: dt.datetime | None) -> str:
    """Say why rules cannot be tuned on what a model learnt from; nothing where they can.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> why_untuned(open_capture("datasets/lab-v1/capture"), dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    'Rules ran as they come, untuned: the model learnt from none of the time of this capture.'
    """
    if until is None:
        return f"{_AS_THEY_COME}: without a model nobody says which time is benign."
    if watched(capture, until).is_empty():
        return f"{_AS_THEY_COME}: the model learnt from none of the time of this capture."
    return ""
