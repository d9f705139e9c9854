"""An incident: its tree, timeline, peers, reasons and events, a verdict on it, and what it becomes."""

from __future__ import annotations

import datetime as dt
import getpass
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from rtml.analyst.desk import Desk, around
from rtml.analyst.distilling import Distilled, distil
from rtml.analyst.explained import Explained
from rtml.analyst.happened import Events
from rtml.analyst.hops import trees_of
from rtml.analyst.likeness import alike
from rtml.analyst.msticpy import mapped
from rtml.analyst.pictures import life_of, peers_of
from rtml.analyst.rows import Rows
from rtml.analyst.scored_history import history_of
from rtml.analyst.talking import talk_of
from rtml.errors import MissingError, UsageError, did_you_mean
from rtml.findings.verdicts import SAYINGS, About, Verdict, add_verdict
from rtml.lineage import with_root
from rtml.schema import EVENT
from rtml.showing.shown import Shown
from rtml.showing.tables import facts
from rtml.text import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Incident"]

_VALID = dt.timedelta(days=90)
_COLUMNS = [name for name in EVENT if name not in ("time", "user", "output", "exe_sha256")]


@dataclass(frozen=True, repr=False)
class Incident:
    """Findings that are one story; ``row`` is its row of `rtml.findings.incidents.INCIDENTS`.

    Examples
    --------
    >>> from rtml.analyst import hunt
    >>> incident = hunt("datasets/lab-v1/capture", start=0.55)[0]
    >>> incident
    Incident(9.0 web 2026-11-24 03:24:39: Global library preload written ...; 4 findings of 1)
    >>> incident.tree()
    11838 [runc:[2:INIT]] → sh  sh -c echo "* * * * * root /var/tmp/.x/kdevtmpfsi" > /etc/cron.d/sysupd; ...
    ├─ 11843 sh → mkdir  mkdir -p /root/.ssh
    ├─ 11844 sh → touch  touch /etc/ld.so.preload  ◆ this finding
    └─ 11845 sh → rm  rm -f /etc/ld.so.preload  ◆ this finding
    >>> incident.events().frame.select("kind", "exe", "path", "rank").drop_nulls().head(2)
    shape: (2, 4)
    ┌──────┬─────────────┬────────────────────────────┬──────┐
    │ kind ┆ exe         ┆ path                       ┆ rank │
    │ ---  ┆ ---         ┆ ---                        ┆ ---  │
    │ str  ┆ str         ┆ str                        ┆ i64  │
    ╞══════╪═════════════╪════════════════════════════╪══════╡
    │ open ┆ /usr/bin/sh ┆ /etc/cron.d/sysupd         ┆ 1    │
    │ open ┆ /usr/bin/sh ┆ /root/.ssh/authorized_keys ┆ 2    │
    └──────┴─────────────┴────────────────────────────┴──────┘
    >>> incident.similar(1).frame.select("workload", "likeness", "what")
    shape: (1, 3)
    ┌──────────┬──────────┬─────────────────────────────────┐
    │ workload ┆ likeness ┆ what                            │
    │ ---      ┆ ---      ┆ ---                             │
    │ str      ┆ f64      ┆ str                             │
    ╞══════════╪══════════╪═════════════════════════════════╡
    │ web      ┆ 0.048571 ┆ Logs or command history wiped … │
    └──────────┴──────────┴─────────────────────────────────┘
    """

    desk: Desk
    row: dict[str, Any]

    @cached_property
    def findings(self) -> pl.DataFrame:
        """Its findings, gravest first, those of models before those of rules."""
        ours = self.desk.findings.filter(pl.col("finding_id").is_in(self.row["finding_ids"]))
        return ours.sort("source", "severity", "score", "finding_id", descending=[False, True, True, False])

    @property
    def main(self) -> dict[str, Any]:
        """The gravest finding, as a row of `rtml.schema.FINDINGS`."""
        order = ["severity", "score", "finding_id"]
        return self.findings.sort(order, descending=[True, True, False], nulls_last=True).row(0, named=True)

    @property
    def roots(self) -> list[int]:
        """Lineage roots of its process trees, that of the gravest finding first."""
        listed = [self.main["process_id"], *self.findings["process_id"]]
        return [root for root in dict.fromkeys(listed) if root is not None]

    @property
    def containers(self) -> list[str]:
        """Containers that it is about, that of the gravest finding first."""
        named = [self.main["container_id"], *self.findings["container_id"]]
        several = self.findings["containers"].explode().to_list()
        return [name for name in dict.fromkeys([*named, *several]) if name is not None]

    def events(self) -> Events:
        """Return what its process trees did in its time, in order.

        ``rank`` is an event's place among the evidence of its finding (0: the weightiest), null for what is
        none. A finding that names no process stands for all that its container did.
        """
        span = around(self.row["first_seen"], self.row["last_seen"])
        capture = self.desk.capture
        container = pl.col("container_id").cast(pl.String).is_in(self.containers)
        here = capture.events().filter(span & container)
        if self.roots and not self.findings["process_id"].null_count():
            here = with_root(here, capture.processes()).filter(pl.col("root_id").is_in(self.roots))
        named = here.with_columns(pl.col(pl.Categorical).cast(pl.String))
        ranked = named.join(_ranks(self.findings).lazy(), on=["host", "seq"], how="left")
        columns = ["time", "container_name", *_COLUMNS, "socket_path", "src_port", "wrote", "rank"]
        frame = ranked.select(columns).collect(engine="streaming").sort("time", "host", "seq")
        return Events(frame, otherwise=self.desk.elsewhere)

    def tree(self) -> Shown:
        """Draw its process trees, folded to what matters; the process of its weightiest event is marked.

        Where a model took part, a process has the colour of its greatest surprise, in bits.
        """
        return trees_of(self.desk, self.findings, self.roots)

    def timeline(self, every: str | None = None) -> Shown:
        """Draw what its first container did over time, findings of all sides above, this one enlarged below.

        Parameters
        ----------
        every
            Width of a cell, as a Polars duration; None: what fits.
        """
        return life_of(self.desk, self.main, every)

    def peers(self, feature: str | None = None) -> Shown:
        """Draw one feature of its minutes among its peers: whether this is strange, or always so.

        Parameters
        ----------
        feature
            A column of `rtml.features`; None: the first reason of the model's gravest finding.
        """
        return peers_of(self.desk, self.findings.filter(pl.col("source") == "model"), feature)

    def history(self, detector: str | None = None) -> Shown:
        """Draw how strange its first container was over time (`rtml.analyst.Hunt.history`)."""
        if not self.containers:
            return facts({"history": "no container is named by these findings"})
        return history_of(self.desk, self.containers[0], detector)

    def connections(self, since: dt.datetime | None = None, by: str = "program") -> Shown:
        """Draw whom the programs of its containers talk to; what is new is marked.

        Parameters
        ----------
        since
            New is what was first seen from then on. None: what the model has never seen of the program; where
            no model took part, what began with this incident.
        by
            What stands on the left: ``program`` or ``workload``.
        """
        return talk_of(self.desk, by, self.containers, since, otherwise=self.row["first_seen"])

    def explain(self) -> Explained:
        """Return the reasons of its findings, what would have made it usual, and what to do now."""
        return Explained.of(self.findings, self.row["guess"])

    def similar(self, most: int = 5) -> Rows:
        """Return the other incidents of the hunt that are most alike (`rtml.analyst.likeness`)."""
        return Rows(
            alike(self.desk.findings, self.desk.table, self.row["incident_id"]).head(most),
            code=("what",),
            above=("what", "shared"),
        )

    def verdict(
        self, verdict: str, reason: str, by: str | None = None, expires: dt.datetime | None = None
    ) -> Verdict:
        """Say what it was; the line goes to the hunt's file of verdicts.

        Suppression, training and evaluation read that file (`rtml.findings.verdicts`).

        Parameters
        ----------
        verdict
            ``benign`` (findings like these are silenced), ``attack`` (a label), or ``unsure`` (takes back).
        reason
            Why; in a year somebody asks.
        by
            Who says so; None: who is logged in.
        expires
            Until when a benign verdict silences; None: 90 days from now.
        """
        said = next((saying for saying in SAYINGS if saying == verdict), None)
        if said is None:
            raise UsageError(f"unknown verdict {verdict!r}; {did_you_mean(verdict, SAYINGS)}")
        if not reason.strip():
            raise UsageError("a verdict needs a reason: in a year somebody asks")
        now = dt.datetime.now(dt.UTC)
        wanted = About.model_fields
        rows = self.findings.rename({"first_seen": "start", "last_seen": "end"}).iter_rows(named=True)
        about = [
            About.model_validate(
                {name: value for name, value in row.items() if name in wanted and value is not None}
            )
            for row in rows
        ]
        line = Verdict(
            time=now,
            verdict=said,
            reason=reason.strip(),
            by=by or getpass.getuser(),
            expires=expires or now + _VALID,
            incident=self.row["incident_id"],
            findings=tuple(about),
        )
        add_verdict(self.desk.verdicts, line)
        return line

    def to_rule(self) -> Distilled:
        """Distil a Sigma rule, with what it finds here and what it costs elsewhere in the capture.

        Raises
        ------
        RtmlError
            The capture holds none of its events, or none that suggests a rule.
        """
        learnt = None if self.desk.scored is None else self.desk.scored.fitted_until
        events = self.events().frame
        if events.is_empty():
            raise MissingError(self.desk.elsewhere)
        return distil(self.desk.capture, self.row, events, self.roots, learnt)

    def to_msticpy(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """Return a pandas frame of its programs, and the mapping for msticpy's process tree.

        ``frame.mp_plot.process_tree(schema=mapping)``; see ProcessTree in https://msticpy.readthedocs.io.
        """
        return mapped(self.desk.capture.processes(), self.roots)

    def to_pandas(self) -> pd.DataFrame:
        """Return its findings as a pandas frame."""
        return self.findings.to_pandas()

    def __repr__(self) -> str:
        """Say in a line what, where and when."""
        row = self.row
        place = row["workload"] or (row["container_id"] or "?")[:12]
        return (
            f"Incident({row['severity']:.1f} {visible(place)} {row['first_seen']:%Y-%m-%d %H:%M:%S}:"
            f" {visible(row['title'] or '', 160)}; {row['findings']} findings of {len(row['detectors'])})"
        )

    def _repr_html_(self) -> str:
        row = self.row
        return facts(
            {
                "what": row["title"],
                "severity": row["severity"],
                "when": [row["first_seen"], row["last_seen"]],
                "workload, container": [row["workload"], (row["container_id"] or "")[:12]],
                "findings by": [row["findings"], *row["detectors"]],
                "technique": row["techniques"] or ([f"{row['guess']}?"] if row["guess"] else None),
                "little was known": row["maturity"],
                "said of it": self.desk.said().get(row["finding_ids"][0]),
            }
        ).markup


def _ranks(findings: pl.DataFrame) -> pl.DataFrame:
    """Return ``host, seq, rank`` of the evidence: the best of its places in the findings."""
    listed = findings.select("evidence", rank=pl.int_ranges(pl.col("evidence").list.len()))
    each = listed.explode("evidence", "rank").drop_nulls("evidence").unnest("evidence")
    return each.group_by("host", "seq").agg(pl.col("rank").min())
