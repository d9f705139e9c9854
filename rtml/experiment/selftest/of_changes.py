"""Mistakes in findings that are called changes of workloads: nobody is charged for what really is one."""

from __future__ import annotations

import polars as pl

from rtml.evaluation import Side
from rtml.experiment.selftest.ground import CONTAINERS, Ground, finding
from rtml.experiment.selftest.mistake import Mistake, Plant, paid, said
from rtml.experiment.selftest.of_findings import LAST, everything, noisy_side

__all__ = ["MISTAKES"]

_REPLICA = dict(zip(CONTAINERS, [CONTAINERS[n ^ 1] for n in range(len(CONTAINERS))], strict=True))
_STRANGER = dict(zip(CONTAINERS, [*CONTAINERS[2:], *CONTAINERS[:2]], strict=True))


def _giant_change(ground: Ground) -> str:
    """Plant findings "about a workload" that list all containers and an event of every process."""
    listed = [event for name in CONTAINERS for event in everything(ground, name)]
    parts = [listed[start : start + 50] for start in range(0, len(listed), 50)]
    rows = [
        finding(
            None,
            0,
            LAST,
            evidence=part,
            containers=CONTAINERS,
            type="Change:Runtime/WorkloadChanged",
            finding_id=str(n),
        )
        for n, part in enumerate(parts)
    ]
    return paid(ground, Side("cheat", "model", pl.concat(rows)), noisy_side(ground), 0.5)


def _beside(others: dict[str, str]) -> pl.Expr:
    """Return the list of a finding's container and another one, nothing where there is no other."""
    other = pl.col("container_id").replace_strict(others, default=None, return_dtype=pl.String)
    return pl.concat_list("container_id", other).list.drop_nulls()


def _called_changes(others: dict[str, str]) -> Plant:
    """Return the planting of findings that are all called changes, which nobody charges."""

    def plant(ground: Ground) -> str:
        listed = _beside(others)
        noisy = noisy_side(ground)
        called = noisy.findings.with_columns(
            type=pl.lit("Change:Runtime/WorkloadChanged"),
            containers=listed,
            container_id=pl.lit(None, pl.String),
        )
        cheat = Side("cheat", "model", called)
        return paid(ground, cheat, noisy) or said(ground, ground.ledger(cheat), "call themselves changes")

    return plant


def _some_called_changes(ground: Ground) -> str:
    """Call a third of the false findings changes beside a stranger: too few to be told as a habit."""
    noisy = noisy_side(ground)
    third = pl.int_range(pl.len()) % 3 == 0
    false = pl.col("process_id") < ground.root(0)
    beside = _beside(_STRANGER)
    called = noisy.findings.with_columns(
        type=pl.when(third & false).then(pl.lit("Change:Runtime/WorkloadChanged")).otherwise("type"),
        containers=pl.when(third & false).then(beside).otherwise("containers"),
        container_id=pl.when(~(third & false)).then("container_id"),
    )
    return paid(ground, Side("cheat", "model", called), noisy)


MISTAKES = [
    Mistake("findings", "a giant change of all workloads", _giant_change),
    Mistake("findings", "every finding called a change", _called_changes({})),
    Mistake("findings", "every finding called a change of two replicas", _called_changes(_REPLICA)),
    Mistake("findings", "every finding called a change of two workloads", _called_changes(_STRANGER)),
    Mistake("findings", "some false findings called changes of two workloads", _some_called_changes),
]
