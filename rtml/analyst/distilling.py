"""A rule distilled from an incident: Sigma text, with what it finds here and what it costs elsewhere."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from rtml.analyst.drafts import Draft, drafts
from rtml.analyst.quieted import watched
from rtml.captures import Capture
from rtml.errors import RtmlError
from rtml.findings.levels import level_name
from rtml.findings.redaction import redacted
from rtml.findings.unit import slot_of
from rtml.numbers import number
from rtml.rules import evaluate, load
from rtml.showing.shown import element, html, verbatim
from rtml.text import visible

__all__ = ["Distilled", "distil"]

_NAMESPACE = uuid.UUID("7a3e2f6c-6c39-5f0e-9d8e-0f4f3f3f0c11")
_MOST_EVENTS, _MOST_SELECTIONS = 40, 4


@dataclass(frozen=True, repr=False)
class Distilled:
    """A rule, and what it matches in units of findings (container x 5 minutes x process tree).

    ``text``: Sigma rules, a document for each log source; ``here``: process trees of the incident that they
    find, ``of`` so many; ``benign``: matches in the time that the model learnt from, ``elsewhere``: in the
    rest of the capture, which may be attacks; ``per_container_day``: both over its container-days.

    Examples
    --------
    >>> from rtml.analyst import hunt
    >>> rule = hunt("datasets/lab-v1/capture", start=0.55)[0].to_rule()
    >>> print(rule.cost)
    finds 1 of 1 process trees of the incident; 0 findings in benign time, 0 elsewhere: 0 a container-day
    >>> print(rule.text.splitlines()[0])
    title: 'rtml: Global library preload written (rule by rtml contributors) and 1 more'
    """

    text: str
    here: int
    of: int
    benign: int
    elsewhere: int
    per_container_day: float

    def __repr__(self) -> str:
        """Return what it costs, and the text."""
        return f"{self.cost}\n\n" + "\n".join(visible(line, len(line)) for line in self.text.split("\n"))

    @property
    def cost(self) -> str:
        """What it finds and costs, in a sentence."""
        return (
            f"finds {self.here} of {self.of} process trees of the incident; {self.benign} findings in benign"
            f" time, {self.elsewhere} elsewhere: {number(self.per_container_day, '.2g')} a container-day"
        )

    def _repr_html_(self) -> str:
        return html(element("div", element("p", self.cost), verbatim(self.text)), "").markup


def distil(
    capture: Capture,
    incident: Mapping[str, Any],
    events: pl.DataFrame,
    roots: Sequence[int],
    learnt: dt.datetime | None,
) -> Distilled:
    """Make Sigma rules of an incident.

    Parameters
    ----------
    capture
        What they are tried on.
    incident
        A row of `rtml.findings.incidents.INCIDENTS`.
    events
        Its events, with ``rank``: the weightiest evidence is what rules are made of.
    roots
        Its process trees.
    learnt
        End of the time that a model learnt from, which is taken for benign; None: there is none.

    Returns
    -------
    Of each event the broadest selection that matches nothing outside the incident, else the one that matches
    least there. A selection that the others make needless is left out, at most four are kept.

    Raises
    ------
    RtmlError
        No event suggests a rule.

    Notes
    -----
    Fails when the incident is work that is done with usual means: what it costs says so.
    """
    candidates = drafts(_weighty(capture, events))
    if not candidates:
        raise RtmlError(
            "no event of this incident suggests a rule: its kinds are none that Sigma rules look at"
        )
    tried = _evaluated(
        capture, "---\n".join(_document(str(n), [draft]) for n, draft in enumerate(candidates))
    )
    chosen = _chosen(candidates, tried, roots)
    title = f"rtml: {incident['title'] or incident['incident_id']}"
    categories = dict.fromkeys(draft.category for draft in chosen)
    about = {
        "level": level_name(incident["severity"]),
        **_tags(incident),
        "date": f"{incident['first_seen']:%Y-%m-%d}",
    }
    documents = [
        _document(
            f"{incident['incident_id']} {name}", [d for d in chosen if d.category == name], title[:250], about
        )
        for name in categories
    ]
    text = "---\n".join(documents)
    return _priced(capture, text, _evaluated(capture, text), roots, learnt)


def _weighty(capture: Capture, events: pl.DataFrame) -> pl.DataFrame:
    """Return the evidence, with the program of the parent beside each start; without any the first events."""
    evidence = events.drop_nulls("rank").sort("rank", "time")
    chosen = (evidence if evidence.height else events).head(_MOST_EVENTS)
    started = capture.processes().select(
        pl.col("host").cast(pl.String),
        seq="image_seq",
        parent=pl.col("ancestors").list.first().cast(pl.String),
    )
    asked = chosen.select("host", "seq").lazy()
    parents = asked.join(started.drop_nulls("seq"), on=["host", "seq"]).unique(["host", "seq"]).collect()
    # A rule goes to places where a password has no business.
    line = pl.col("cmdline").cast(pl.String)
    open_line = pl.when(redacted(line) == line).then(line)
    named = chosen.join(parents, on=["host", "seq"], how="left", maintain_order="left")
    return named.with_columns(cmdline=open_line)


def _document(
    name: str, chosen: Sequence[Draft], title: str = "draft", about: Mapping[str, Any] | None = None
) -> str:
    """Return a Sigma rule of one log source: any of the selections."""
    selections = {f"selection_{place}": dict(draft.selection) for place, draft in enumerate(chosen, 1)}
    rule = {
        "title": title,
        "id": _id(name),
        "status": "experimental",
        "author": "distilled by rtml",
        **(about or {}),
        "logsource": {"product": "linux", "category": chosen[0].category},
        "detection": {**selections, "condition": "1 of selection_*"},
    }
    rule.setdefault("level", "medium")
    return yaml.safe_dump(rule, sort_keys=False, width=100)  # PyYAML loses NEL as it is


def _id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def _tags(incident: Mapping[str, Any]) -> dict[str, list[str]]:
    tags = [f"attack.{technique.lower()}" for technique in incident["techniques"] or []]
    return {"tags": tags} if tags else {}


def _evaluated(capture: Capture, text: str) -> pl.DataFrame:
    """Return ``rule, container_id, root_id, slot, time`` of what rules match; a rule is named by its id."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "distilled.yml")
        file.write_text(text, "utf-8")
        rules, skipped = load([file])
    if skipped:
        raise RtmlError(f"the distilled rule cannot be read: {skipped[0].reason}")
    hits = evaluate(capture, rules).hits
    units = hits.group_by("rule", pl.col("container_id").cast(pl.String), "root_id", slot_of())
    return units.agg(pl.col("time").max())


def _chosen(candidates: Sequence[Draft], tried: pl.DataFrame, roots: Sequence[int]) -> list[Draft]:
    """Return the best draft of each event; of those that cost something, what finds more than the others."""
    ours = pl.col("root_id").is_in(list(roots)).fill_null(False)
    counted = tried.group_by("rule").agg(
        here=pl.col("root_id").filter(ours).unique(), outside=(~ours).sum().cast(pl.Int64)
    )
    known = {rule: (frozenset(here), outside) for rule, here, outside in counted.iter_rows()}
    best: dict[int, tuple[int, int, Draft, frozenset[int]]] = {}
    for at, draft in enumerate(candidates):
        here, outside = known.get(_id(str(at)), (frozenset(), 0))
        place, breadth = draft.rank
        option = (outside, breadth, draft, here)
        if here and (place not in best or option[:2] < best[place][:2]):
            best[place] = option
    if not best:
        raise RtmlError(
            "no rule of one event finds this incident: what is strange is how much or in which order"
        )
    return _needed(sorted(best.values(), key=lambda option: (option[0], option[2].rank)))


def _needed(options: Iterable[tuple[int, int, Draft, frozenset[int]]]) -> list[Draft]:
    covered: set[int] = set()
    kept: dict[tuple[Any, ...], Draft] = {}
    for outside, _, draft, here in options:
        if not outside or here - covered:
            kept.setdefault((draft.category, draft.selection), draft)
            covered |= here
    return list(kept.values())[:_MOST_SELECTIONS]


def _priced(
    capture: Capture, text: str, units: pl.DataFrame, roots: Sequence[int], learnt: dt.datetime | None
) -> Distilled:
    ours = units["root_id"].is_in(list(roots)).fill_null(False)
    outside = units.filter(~ours).unique(["container_id", "root_id", "slot"])
    benign = 0 if learnt is None else outside.filter(pl.col("time") < learnt).height
    days = float(watched(capture)["container_days"].sum())
    here = units.filter(ours)["root_id"].n_unique()
    rate = outside.height / days if days else 0.0
    return Distilled(text, here, len(roots), benign, outside.height - benign, rate)
