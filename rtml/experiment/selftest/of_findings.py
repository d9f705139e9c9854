"""Mistakes in findings: long, merged, nameless, foreign, copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rtml.evaluation import Side
from rtml.experiment.selftest.ground import BEGIN, CONTAINERS, MINUTES, Ground, finding
from rtml.experiment.selftest.mistake import Mistake, Plant, paid, said
from rtml.schema import FINDINGS, conform

__all__ = ["LAST", "MISTAKES", "everything", "noisy_side"]

LAST = MINUTES - 1
"""The minute in which the small world ends."""


def noisy_side(ground: Ground) -> Side:
    """Return a side that finds all and is wrong about every job: what cheats are made of."""
    jobs = [(c, n) for c in range(len(CONTAINERS)) for n in range(MINUTES // 10)]
    return Side("noisy", "model", ground.honest(range(12), jobs))


def _named(ground: Ground, containers: Sequence[str], **more: object) -> Side:
    return Side("cheat", "model", pl.concat([finding(name, 0, LAST, **more) for name in containers]))


def everything(ground: Ground, name: str) -> list[dict[str, object]]:
    """Return evidence that lists an event of every process of a container."""
    rows = ground.events.filter(pl.col("container_id") == name).unique("process_id", maintain_order=True)
    return [{"host": "h", "seq": seq} for seq in rows["seq"]]


def _giant(ground: Ground) -> str:
    """Plant one finding per container, of all its time, that lists an event of every process."""
    rows = [
        finding(c, 0, LAST, evidence=everything(ground, c), process_id=1000 * n + 7)
        for n, c in enumerate(CONTAINERS)
    ]
    return paid(ground, Side("cheat", "model", pl.concat(rows)), noisy_side(ground), 0.5)


def _giant_attacked(ground: Ground) -> str:
    names = ground.labels["container_id"].unique().sort()
    return paid(ground, _named(ground, names.to_list()), noisy_side(ground), 0.5)


def _merged(ground: Ground) -> str:
    """Put all of a container's findings into one, which keeps their events."""
    noisy = noisy_side(ground)
    merged = noisy.findings.group_by("container_id", maintain_order=True).agg(
        pl.col("finding_id", "source", "detector", "type", "severity", "process_id").first(),
        pl.col("first_seen").min(),
        pl.col("last_seen").max(),
        pl.col("evidence").list.explode(keep_nulls=False, empty_as_null=False),
        count=pl.len(),
    )
    return paid(ground, Side("cheat", "model", conform(merged, FINDINGS)), noisy)


def _bare(ground: Ground) -> str:
    noisy = noisy_side(ground)
    bare = noisy.findings.with_columns(
        process_id=pl.lit(None, pl.Int64), evidence=pl.lit(None, FINDINGS["evidence"])
    )
    return paid(ground, Side("cheat", "model", bare), noisy)


def _unevidenced_service(ground: Ground) -> str:
    """Flag the service of every container for all of the time."""
    rows = [finding(c, 0, LAST, process_id=1000 * n + 7) for n, c in enumerate(CONTAINERS)]
    return paid(ground, Side("cheat", "model", pl.concat(rows)), noisy_side(ground), 0.5)


def _spread(ground: Ground) -> str:
    """Stretch each finding to an hour around the attack, and take away what it shows."""
    model = ground.model
    hour = pl.duration(minutes=30)
    wide = model.findings.with_columns(
        pl.col("first_seen") - hour,
        pl.col("last_seen") + hour,
        process_id=pl.lit(None, pl.Int64),
        evidence=pl.lit(None, FINDINGS["evidence"]),
    )
    return paid(ground, Side("cheat", "model", wide), model) and "paid for: time around attacks is charged"


def _elsewhere(**more: object) -> Plant:
    """Return the planting of false findings where nothing is judged."""

    def plant(ground: Ground) -> str:
        odd = pl.concat([finding(**({"container": "c0", "first": 5.0 + n / 10} | more)) for n in range(40)])  # type: ignore[arg-type]
        side = replace(ground.model, findings=pl.concat([ground.model.findings, odd]))
        return said(ground, ground.ledger(side), "not judged")

    return plant


def _copied(ground: Ground) -> str:
    rows = ground.labels.select("container_id", "process_id", first_seen="start", last_seen="end")
    copies = conform(
        rows.with_columns(source=pl.lit("model"), detector=pl.lit("m"), finding_id=pl.lit("x")), FINDINGS
    )
    return said(ground, ground.ledger(Side("cheat", "model", copies)), "labels were made")


def _no_time(ground: Ground) -> str:
    timeless = ground.model.findings.with_columns(first_seen=pl.lit(None, FINDINGS["first_seen"]))
    ground.ledger(replace(ground.model, findings=timeless))
    return ""


def _backwards(ground: Ground) -> str:
    turned = ground.model.findings.with_columns(first_seen="last_seen", last_seen="first_seen")
    ground.ledger(replace(ground.model, findings=turned))
    return ""


def _foreign_evidence(ground: Ground) -> str:
    """Plant findings about a quiet container that list events of attacks elsewhere."""
    seqs = ground.events.filter(pl.col("process_id") >= ground.root(0))["seq"]
    listed = [{"host": "h", "seq": seq} for seq in seqs[:50]]
    cheat = Side("cheat", "model", finding("c7", 0, LAST, evidence=listed, process_id=7007))
    row = ground.ledger(cheat).summary.filter(pl.col("side") == "cheat").row(0, named=True)
    return f"0 found, {row['false']:.0f} false" if row["found"] == 0 and row["false"] else ""


def _row(ground: Ground, findings: pl.DataFrame) -> dict[str, float]:
    table = ground.ledger(Side("cheat", "model", findings)).summary
    return table.filter(pl.col("side") == "cheat").row(0, named=True)


def _touching(ground: Ground) -> str:
    """Plant findings about the attack's own process that end as the attack begins."""
    starts = [(s - BEGIN).total_seconds() / 60 - 137e-6 / 60 for s in ground.labels["start"]]
    rows = [
        finding(c, s - 5, s, process_id=ground.root(n))
        for n, (c, s) in enumerate(zip(ground.labels["container_id"], starts, strict=True))
    ]
    row = _row(ground, pl.concat(rows))
    return f"0 found, {row['false']:.0f} false" if row["found"] == 0 and row["false"] else ""


def _buried(ground: Ground) -> str:
    """Plant findings that list sixty events of the service, and behind them those of the attack."""
    rows = []
    for n, c in enumerate(ground.labels["container_id"]):
        service = 1000 * CONTAINERS.index(c) + 7
        of = [
            ground.events.filter(pl.col("process_id") == one)["seq"][:60] for one in (service, ground.root(n))
        ]
        listed = [{"host": "h", "seq": seq} for seqs in of for seq in seqs]
        rows.append(finding(c, 0, LAST, process_id=service, evidence=listed))
    row = _row(ground, pl.concat(rows))
    return f"0 found, {row['false']:.0f} false" if row["found"] == 0 and row["false"] else ""


def _unresolvable(ground: Ground) -> str:
    noisy = noisy_side(ground)
    nothing = pl.lit([{"host": "h", "seq": -1}], FINDINGS["evidence"])
    blind = noisy.findings.with_columns(evidence=nothing, process_id=pl.lit(None, pl.Int64))
    return paid(ground, Side("cheat", "model", blind), noisy)


def _unknown_that_lists(ground: Ground) -> str:
    """Plant findings of an unknown container that list the attacked one besides."""
    found = ground.model.findings
    odd = found.with_columns(containers=pl.concat_list("container_id"), container_id=pl.lit("elsewhere"))
    row = _row(ground, odd)
    return f"0 found, {row['false']:.0f} false" if row["found"] == 0 and row["false"] else ""


def _early(ground: Ground) -> str:
    """Plant findings that end before the attack begins, in its container."""
    begun = ground.labels["start"]
    rows = pl.concat(
        [
            finding(c, (s - BEGIN).total_seconds() / 60 - 3, (s - BEGIN).total_seconds() / 60 - 1)
            for c, s in zip(ground.labels["container_id"], begun, strict=True)
        ]
    )
    row = (
        ground.ledger(Side("cheat", "model", rows))
        .summary.filter(pl.col("side") == "cheat")
        .row(0, named=True)
    )
    return f"0 found, {row['false']:.0f} false" if row["found"] == 0 and row["false"] else ""


def _loud(ground: Ground) -> str:
    """Judge a side that costs more than it was asked for."""
    loud = replace(noisy_side(ground), asked=1.0, calibrated=0.9)
    return said(ground, ground.ledger(loud), "broken")


def _union(ground: Ground) -> str:
    """Hide a noisy side in a union, which cannot lose an attack: it costs there too."""
    table = ground.ledger(noisy_side(ground)).headline.filter(
        (pl.col("side") == "rules, tuned + noisy") & (pl.col("asked") == 1)
    )
    row = table.row(0, named=True)
    return f"the union is {row['budget']}: {row['false']} false" if row["budget"] == "broken" else ""


MISTAKES = [
    Mistake("findings", "one giant finding per container", _giant),
    Mistake(
        "findings",
        "giant findings without process, in all containers",
        lambda g: paid(g, _named(g, CONTAINERS), noisy_side(g), 0.5),
    ),
    Mistake("findings", "giant findings in attacked containers only", _giant_attacked),
    Mistake("findings", "the service of each container flagged for all of the time", _unevidenced_service),
    Mistake("findings", "many false findings merged into one", _merged),
    Mistake("findings", "process and evidence removed", _bare),
    Mistake("findings", "findings stretched around attacks", _spread),
    Mistake("findings", "false findings that name no container", _elsewhere(container=None)),
    Mistake("findings", "false findings of another capture", _elsewhere(container="elsewhere")),
    Mistake(
        "findings",
        "false findings of another capture, long before",
        _elsewhere(container="elsewhere", first=-9000.0),
    ),
    Mistake("findings", "false findings in infrastructure", _elsewhere(container="pause")),
    Mistake("findings", "false findings after the test", _elsewhere(first=MINUTES + 9.0)),
    Mistake("findings", "findings copied from the labels", _copied),
    Mistake("findings", "findings without time", _no_time),
    Mistake("findings", "findings that end before they begin", _backwards),
    Mistake("findings", "evidence of another container", _foreign_evidence),
    Mistake("findings", "findings before the attacks", _early),
    Mistake("findings", "findings that end as the attack begins", _touching),
    Mistake("findings", "the attack behind sixty other events", _buried),
    Mistake("findings", "evidence that is nowhere", _unresolvable),
    Mistake("findings", "an unknown container that lists attacked ones", _unknown_that_lists),
    Mistake(
        "findings",
        "containers called by capitals",
        lambda g: str(_row(g, g.model.findings.with_columns(pl.col("container_id").str.to_uppercase())))[:0],
    ),
    Mistake("findings", "a side above its budget", _loud),
    Mistake("findings", "a noisy side hidden in a union", _union),
]
