"""Mistakes in labels: made by rules, of another capture or clock, copied, without a process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from rtml.evaluation import in_capture
from rtml.evaluation.labels.reading import validate
from rtml.experiment.selftest.ground import BEGIN, CONTAINERS, MINUTES, Ground
from rtml.experiment.selftest.mistake import Mistake, Plant, said
from rtml.times import span

__all__ = ["MISTAKES"]

Change = Callable[[Ground], pl.DataFrame]


def _provenance(text: str | None) -> Plant:
    def plant(ground: Ground) -> str:
        ground.ledger(labels=validate(ground.labels.with_columns(provenance=pl.lit(text, pl.String))))
        return ""

    return plant


def _rules_without_rules(ground: Ground) -> str:
    """Judge rules by labels made by rules, their alerts coming in as those of a model."""
    labels = ground.labels.with_columns(provenance=pl.lit("rule"))
    return said(ground, ground.ledger(ground.model, labels=labels, beside=[]), "labels were made by rules")


def _changed(change: Change) -> Plant:
    def plant(ground: Ground) -> str:
        labels = validate(change(ground))
        track_labels = ground.track(labels).labels
        return (
            "" if track_labels.height >= ground.labels.height // 2 else f"{track_labels.height} labels left"
        )

    return plant


def _moved(**by: float) -> Change:
    shift = span(dt.timedelta(**by))
    return lambda ground: ground.labels.with_columns(pl.col("start", "end") + shift)


def _some(expression: pl.Expr, name: str) -> Change:
    """Change a column of every other label."""
    odd = pl.int_range(pl.len()) % 2 == 1
    return lambda ground: ground.labels.with_columns(
        pl.when(odd).then(expression).otherwise(pl.col(name)).alias(name)
    )


def _copies(ground: Ground) -> pl.DataFrame:
    return pl.concat([ground.labels, ground.labels.with_columns(pl.col("attack_id") + " again")])


def _overlapping(ground: Ground) -> pl.DataFrame:
    later = ground.labels.with_columns(
        pl.col("attack_id") + " again",
        pl.col("start") + span(dt.timedelta(seconds=9)),
        process_id=pl.lit(None, pl.Int64),
    )
    blind = ground.labels.with_columns(process_id=pl.lit(None, pl.Int64))
    return pl.concat([blind, later])


def _another_root(ground: Ground) -> pl.DataFrame:
    return ground.labels.with_columns(process_id=pl.lit(7007, pl.Int64))


def _mixed_up(ground: Ground) -> pl.DataFrame:
    return ground.labels.with_columns(pl.col("start", "end").reverse())


def _half_empty(ground: Ground) -> str:
    some = _some(pl.lit(None, pl.String), "provenance")(ground)
    ground.ledger(labels=validate(some))
    return ""


def _nameless_copies(ground: Ground) -> pl.DataFrame:
    later = pl.col("start") + span(dt.timedelta(milliseconds=2))
    nobody = ground.labels.with_columns(
        pl.col("attack_id") + " again", later, process_id=pl.lit(None, pl.Int64)
    )
    return pl.concat([ground.labels, nobody])


def _told(change: Change, words: str) -> Plant:
    """Return the planting of labels that are judged, and of which something must be said."""
    return lambda ground: said(ground, ground.ledger(ground.model, labels=validate(change(ground))), words)


def _endless(ground: Ground) -> pl.DataFrame:
    last = pl.lit(BEGIN + dt.timedelta(minutes=MINUTES - 1)).cast(ground.labels.schema["end"])
    return ground.labels.with_columns(end=last)


def _year_away(ground: Ground) -> str:
    more = ground.labels.with_columns(
        pl.col("attack_id") + " later", pl.col("start", "end") + span(dt.timedelta(days=365))
    )
    whole = (BEGIN, BEGIN + dt.timedelta(minutes=MINUTES))
    _, told = in_capture(
        pl.concat([ground.labels, more]), ground.roles["container_id"], ground.processes, whole
    )
    return told[0] if told else ""


def _of_services(ground: Ground) -> str:
    """Name the service of each container as the root of what happened in it."""
    service = pl.col("container_id").replace_strict({c: 1000 * n + 7 for n, c in enumerate(CONTAINERS)})
    labels = validate(ground.labels.with_columns(process_id=service.cast(pl.Int64)))
    _, told = in_capture(labels, ground.roles["container_id"], ground.processes)
    return "; ".join(told)


MISTAKES = [
    *(
        Mistake("labels", f"provenance {text!r} beside rules", _provenance(text))
        for text in ("rule", " Rule", "rules", "falco", "rule-derived", None)
    ),
    Mistake("labels", "labels made by rules, judged by their own alerts as a model", _rules_without_rules),
    Mistake("labels", "clocks 30 s apart", _changed(_moved(seconds=30))),
    Mistake("labels", "clocks 30 s apart, the other way", _changed(_moved(seconds=-90))),
    Mistake("labels", "a time zone forgotten", _changed(_moved(hours=-1))),
    Mistake("labels", "labels a year away", _year_away),
    Mistake("labels", "all labels a year away", _changed(_moved(days=365))),
    Mistake("labels", "half of the containers unknown", _changed(_some(pl.lit("nowhere"), "container_id"))),
    Mistake("labels", "labels on infrastructure", _changed(_some(pl.lit("pause"), "container_id"))),
    Mistake("labels", "a root process that is not there", _changed(_some(pl.lit(5, pl.Int64), "process_id"))),
    Mistake("labels", "a root process of another container", _changed(_another_root)),
    Mistake("labels", "the service of each container named as root", _of_services),
    Mistake("labels", "every label twice", _changed(_copies)),
    Mistake("labels", "every label again, of nobody and a moment later", _changed(_nameless_copies)),
    Mistake("labels", "the times of labels mixed up", _changed(_mixed_up)),
    Mistake("labels", "local time, two hours late", _changed(_moved(hours=2))),
    Mistake("labels", "half of the provenances empty", _half_empty),
    Mistake("labels", "labels that last to the end", _told(_endless, "labelled as attack")),
    Mistake(
        "labels",
        "labels without a process",
        _told(lambda g: g.labels.with_columns(process_id=pl.lit(None, pl.Int64)), "name no process"),
    ),
    Mistake("labels", "overlapping labels of nobody", _changed(_overlapping)),
    Mistake(
        "labels",
        "labels that end before they begin",
        _changed(lambda ground: ground.labels.with_columns(start="end", end="start")),
    ),
    Mistake(
        "labels",
        "one attack_id for two attacks",
        _changed(lambda ground: ground.labels.with_columns(attack_id=pl.lit("a"))),
    ),
]
