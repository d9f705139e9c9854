"""Hunt in a capture: what models and rules find in it, as incidents, gravest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from rtml.analyst.desk import Desk
from rtml.analyst.incident import Incident
from rtml.analyst.quieted import of_rules, why_untuned
from rtml.analyst.ranked import ranked
from rtml.analyst.rows import Rows
from rtml.analyst.scored_history import containers_named, history_of
from rtml.analyst.talking import talk_of
from rtml.captures import Capture, open_captures
from rtml.errors import MissingError, UnknownNameError, UsageError, did_you_mean
from rtml.findings.context import with_context
from rtml.findings.incidents import incidents, planted
from rtml.findings.reading import read_findings
from rtml.findings.resumed import resumed
from rtml.findings.verdicts import read_verdicts, verdicts_file
from rtml.models import Model
from rtml.numbers import plural
from rtml.schema import FINDINGS, conform
from rtml.showing.shown import Shown, sentence
from rtml.splits import Edge, at_edge, borders
from rtml.text import visible
from rtml.times import MINUTE, instant
from rtml.tracking.opening import load_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Hunt", "hunt"]

Rules: TypeAlias = Literal["tuned", "default"]
RULES: tuple[Rules, ...] = ("tuned", "default")
"""How the rules of a hunt may run."""

VERDICTS = Path("verdicts.jsonl")
"""Where verdicts are kept unless something else is said: beside the notebook."""

_SHOWN = (
    *("incident", "severity", "first_seen", "workload", "container"),
    *("findings", "by", "technique", "what", "verdict"),
)


class Hunt(Desk):
    """Incidents of a capture, gravest first: ``hunt[0]``, ``hunt["INCIDENT_ID"]``, or one after the other.

    Examples
    --------
    >>> found = hunt("datasets/lab-v1/capture", start=0.55)
    >>> found
    Hunt(... incidents of ... findings; gravest 9.0: Global library preload written ...)
    Rules ran as they come, untuned: without a model nobody says which time is benign.
    >>> found.view().select("severity", "workload", "technique").head(2)
    shape: (2, 3)
    ┌──────────┬──────────┬─────────────────────────────┐
    │ severity ┆ workload ┆ technique                   │
    │ ---      ┆ ---      ┆ ---                         │
    │ f64      ┆ str      ┆ str                         │
    ╞══════════╪══════════╪═════════════════════════════╡
    │ 9.0      ┆ web      ┆ T1014, T1053.003, T1098.004 │
    │ 8.0      ┆ job      ┆ T1105, T1204.002, T1564.001 │
    └──────────┴──────────┴─────────────────────────────┘
    """

    def __len__(self) -> int:
        """Return the number of incidents."""
        return self.table.height

    def __iter__(self) -> Iterator[Incident]:
        """Yield the incidents, gravest first."""
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: int | str) -> Incident:
        """Return the incident at a place, or of an id or the beginning of one.

        Raises
        ------
        MissingError
            There is none.
        UsageError
            That is neither a place nor an id.
        """
        if isinstance(place, str):
            return self._of_id(place)
        if not hasattr(place, "__index__"):
            raise UsageError(
                f"an incident is named by its place (0: the gravest) or its id, not by {place!r}"
            )
        if not -len(self) <= place < len(self):
            raise MissingError(f"{self._many()}; none is at {place}")
        return Incident(self, self.table.row(place, named=True))

    def _many(self) -> str:
        if len(self):
            return f"there are {len(self)} incidents, the first is hunt[0]"
        return "nothing was found, neither by rules nor by the model: a larger budget= asks for more"

    def _of_id(self, begins: str) -> Incident:
        ids = self.table["incident_id"].to_list()
        fitting = [name for name in ids if name.startswith(begins)] if begins else []
        if len(fitting) != 1:
            why = (
                f"is the beginning of {len(fitting)} incidents" if fitting else "is no incident of this hunt"
            )
            raise MissingError(f"{begins!r} {why}; {did_you_mean(begins, ids)}")
        return self[ids.index(fitting[0])]

    def view(self) -> pl.DataFrame:
        """Return what people read: place (`hunt[place]`), when, where, how grave, what, what was said."""
        said = self.said()
        verdicts = [
            next((said[name] for name in names if name in said), None)
            for names in self.table["finding_ids"].to_list()
        ]
        technique = pl.coalesce(
            pl.when(pl.col("techniques").list.len() > 0).then(
                pl.col("techniques").list.head(3).list.join(", ")
            ),
            pl.format("{}?", "guess"),
        )
        return (
            self.table.with_row_index("incident")
            .with_columns(
                container=pl.col("container_id").str.head(12),
                by=pl.col("detectors").list.len(),
                technique=technique,
                what="title",
                verdict=pl.Series(verdicts, dtype=pl.String),
            )
            .select(_SHOWN)
        )

    def containers(self) -> Rows:
        """Return the containers by how strange their strangest process tree was.

        ``margin`` is that of the model's combination where it has one, else the highest of any detector:
        the log of how rare such a benign tree is. ``incident`` is the place of the gravest incident of the
        container (`hunt[place]`), null where it is in none.

        Raises
        ------
        UsageError
            No model took part: rules rank no containers.
        """
        return Rows(ranked(self), code=("container_id",))

    def history(self, name: str, detector: str | None = None) -> Shown:
        """Draw how strange a container or workload was over time, with alarms and roll-outs.

        The height is the margin: the log of how rare such a benign tree is. The band is what 99 % of the
        calibration trees stay below.

        Parameters
        ----------
        name
            Of a workload or container; an id, or the beginning of one.
        detector
            Whose scores; None: the combination, where there is one, else the first.
        """
        return history_of(self, name, detector)

    def connections(
        self, name: str | None = None, since: dt.datetime | None = None, by: str | None = None
    ) -> Shown:
        """Draw who talks to whom; what is new is marked.

        Parameters
        ----------
        name
            Of a workload or container; None: all, by workload.
        since
            New is what was first seen from then on; None: what the model has never seen of the program.
        by
            What stands on the left: ``workload`` or ``program``; None: programs of what is named.
        """
        containers = None if name is None else containers_named(self.capture, name)
        return talk_of(self, by or ("workload" if name is None else "program"), containers, since)

    def __repr__(self) -> str:
        """Say in a line how many there are and which is the gravest; below it, why rules ran untuned."""
        return "\n".join(filter(None, [self._line(), self.untuned]))

    def _line(self) -> str:
        if not len(self):
            return f"Hunt(no incident in {visible(self.capture.path)!r})"
        first = self.table.row(0, named=True)
        title = visible(first["title"] or "", 160)
        return f"Hunt({self._counts()}; gravest {first['severity']:.1f}: {title})"

    def _counts(self) -> str:
        aside = f", {self.aside.height:,} of noisy rules set aside" if self.aside.height else ""
        return f"{plural(len(self), 'incident')} of {plural(self.findings.height, 'finding')}{aside}"

    def _repr_html_(self) -> str:
        rows = Rows(
            self.view(), code=("container", "what"), above=("what",), otherwise=self._line()
        )._repr_html_()
        below = [self._counts() if len(self) else None, self.untuned]
        return "\n".join([rows, *(sentence(said).markup for said in below if said)])

    def to_pandas(self) -> pd.DataFrame:
        """Return the incidents as a pandas frame."""
        return self.table.to_pandas()


def hunt(
    capture: Capture | str | Path,
    model: Model | str | Path | None = None,
    *,
    rules: Rules | None = "tuned",
    findings: pl.DataFrame | str | Path | None = None,
    start: Edge | None = None,
    end: Edge | None = None,
    budget: float | None = None,
    verdicts: str | Path = VERDICTS,
) -> Hunt:
    """Find what is strange in a capture and join it into incidents.

    Parameters
    ----------
    capture
        A capture or its path.
    model
        A model or where it is (`rtml.load_model`); None: rules and ``findings`` alone.
    rules
        Run the container rules that come with rtml (`rtml.run_rules`): ``tuned`` on the time that the model
        learnt from (the noisiest of a workload are set aside there: `Hunt.aside`; without a model, or with
        one that learnt elsewhere, none are, and `Hunt.untuned` says so), ``default`` as they come, None not
        at all.
    findings
        Further findings (`rtml.schema.FINDINGS`) or where they are: of own rules, of imported alerts.
    start, end
        Only what happened in this time: moments (UTC), or shares of the capture's time. What the model has
        learnt from is not judged by it anyway.
    budget
        False findings per container-day that the model's thresholds aim at; None: its own.
    verdicts
        File that `Incident.verdict` adds to; what it holds of these findings is shown.

    Returns
    -------
    Incidents, gravest first; none where nothing was found.

    Raises
    ------
    UsageError
        Neither a model, nor rules, nor findings were given, or no file for verdicts.
    MissingFileError
        The folder of that file is not there.

    Examples
    --------
    >>> found = hunt("datasets/lab-v1/capture", start=0.55)
    >>> found[0].row["workload"], len(found[0].findings) > 1
    ('web', True)
    """
    opened = capture if isinstance(capture, Capture) else open_captures([capture])
    given = model if isinstance(model, Model) or model is None else load_model(model)
    if rules not in (None, *RULES):
        raise UnknownNameError(f"rules={rules!r}; {did_you_mean(str(rules), RULES)}")
    kept_in = verdicts_file(verdicts)
    if kept_in.is_file():
        read_verdicts(kept_in)  # what cannot be read is said now, not when all the work is done
    if given is None and rules is None and findings is None:
        raise UsageError("nothing to hunt with: give a model, rules, or findings")
    scored = None if given is None else given.score(opened, budget=budget, start=start, end=end)
    parts = [] if scored is None else [scored.findings]
    until = None if scored is None else scored.fitted_until
    untuned = why_untuned(opened, until) if rules == "tuned" else ""
    others, aside = of_rules(opened, rules, None if untuned else until, budget)
    if findings is not None:
        given_too = findings if isinstance(findings, pl.DataFrame) else read_findings(Path(findings))
        others.append(conform(given_too, FINDINGS))
    parts += [_within(opened, rows, start, end) for rows in others]
    tables = opened.events(), opened.processes()
    told = with_context(pl.concat([conform(part, FINDINGS) for part in parts]), *tables)
    table = incidents(told, planted(*tables), resumed(told, *tables))
    return Hunt(opened, told, table, scored, kept_in, aside, untuned)


def _within(capture: Capture, findings: pl.DataFrame, start: Edge | None, end: Edge | None) -> pl.DataFrame:
    """Return the findings that begin in a time; a share is of the capture's time."""
    edges = borders(capture, MINUTE)
    inside = pl.lit(True)
    if start is not None:
        inside &= pl.col("first_seen") >= instant(at_edge(*edges, start, MINUTE))
    if end is not None:
        inside &= pl.col("first_seen") < instant(at_edge(*edges, end, MINUTE))
    return findings.filter(inside)
