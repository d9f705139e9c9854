"""What a report is made of: ready-made data, so that the page depends on no other room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.evaluation.timeline import Timeline

__all__ = ["ReportInput", "TreeRow"]


@dataclass(frozen=True)
class TreeRow:
    """One process of a tree, in preorder: a child follows its parent with ``depth`` one more.

    ``mark`` is how the process is set apart: ``evidence`` (a finding names it), ``attack`` (a label
    does), ``both``, or null. ``note`` is free text such as ``written in the container 10:41:02``.

    Examples
    --------
    >>> TreeRow(1, "/bin/sh", "sh -c id", 42).mark is None
    True
    """

    depth: int
    exe: str | None
    cmdline: str | None
    pid: int | None = None
    started: str | None = None
    mark: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class ReportInput:
    """Everything on the page. Strings may be hostile; the page escapes them all.

    Parameters
    ----------
    title
        What was evaluated, such as the experiment's name.
    ledger
        See `rtml.evaluation.ledger.build_ledger`.
    capture
        Facts in print order: name to value, such as events, containers, duration, sensor.
    timeline
        See `rtml.evaluation.timeline.make_timeline`, or null.
    tree, tree_title
        The process tree of one finding.
    findings
        Top findings, a `FINDINGS` frame in print order.
    lost, rejected
        Lost events as ``(host, from - to, count)``, rejected lines as ``(reason, count)``.
    blind
        Kinds that the sensor cannot see.
    skipped_rules
        ``(rule file, reason)`` of rules that could not be used.
    lab
        True for data from a lab: the title then says so.
    run
        Where the numbers come from, such as an MLflow run id.
    """

    title: str
    ledger: Ledger
    capture: Mapping[str, Any] = field(default_factory=dict)
    timeline: Timeline | None = None
    tree: Sequence[TreeRow] = ()
    tree_title: str = ""
    findings: pl.DataFrame | None = None
    lost: Sequence[tuple[str, str, int]] = ()
    rejected: Sequence[tuple[str, int]] = ()
    blind: Sequence[str] = ()
    skipped_rules: Sequence[tuple[str, str]] = ()
    lab: bool = True
    run: str | None = None
