"""What `make demo` prints: capture, split, baseline, ledger, the top finding, where the rest is."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from rtml.experiment.outcome import Outcome
from rtml.experiment.report_input import top_findings
from rtml.findings.reasons import in_short
from rtml.models.watching import drifting
from rtml.report import ledger_view
from rtml.text import visible
from rtml.tracking.store import shown_uri, tracking_uri

__all__ = ["print_outcome"]


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Print an experiment's outcome; every number was measured in this run."""
    for name, text in (
        ("capture", _capture(outcome)),
        ("split", _split(outcome)),
        ("baseline", _baseline(outcome)),
        ("rules", _rules(outcome)),
    ):
        _line(console, name, text)
    console.print(ledger_view(outcome.ledger))
    _line(console, "attacks", _verdicts(outcome))
    _line(console, "looks", outcome.looks.sentence())
    for alarm in list(outcome.scored.alarms.values())[:1]:
        _line(console, "budget", alarm.sentence())
    for text in drifting(outcome.scored.drift):
        _line(console, "drift", text)
    _line(console, "top finding", _top(outcome))
    _line(console, "report", str(outcome.report))
    _line(console, "model", outcome.model_uri)
    if outcome.run_id:
        _line(console, "mlflow", f"run {outcome.run_id} in {shown_uri()}: {outcome.page}{_page_of_ours()}")


def _page_of_ours() -> str:
    """Say what serves the page where the store is a file."""
    return "" if tracking_uri().startswith("http") else " (`make mlflow-ui`)"


def _line(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((f"{name:<12}", "bold"), visible(text, 2000)), soft_wrap=True)


def _capture(outcome: Outcome) -> str:
    facts = outcome.capture.facts()
    return (
        f"{facts['capture']}   {facts['events']} events · {facts['containers']} containers ·"
        f" {facts['minutes']} min · lost {facts['lost']} · rejected {facts['rejected']}"
    )


def _split(outcome: Outcome) -> str:
    parts = [
        f"{name} {begin:%H:%M}–{end:%H:%M} ({n} windows)"
        for name, (begin, end, n) in outcome.proof.parts.items()
    ]
    return f"{' │ '.join(parts)}   proof: {outcome.proof.statement}"


def _baseline(outcome: Outcome) -> str:
    """How much is known: for programs per workload, the chance that the next is new."""
    table = outcome.model.baseline.maturity()
    execs = table.filter(table["family"] == "lineage.child")
    events = int(execs["events"].sum())
    if not events:
        return "no exec was seen"
    unseen = float((execs["unseen"] * execs["events"]).sum()) / events
    spread = float(((execs["high"] - execs["low"]) / 2 * execs["events"]).sum()) / events
    return (
        f"exec {execs['contexts'].sum():,} contexts · P(next exec unseen) {unseen:.1%} ±"
        f" {spread * 100:.1f} · mature {execs['mature'].sum()}/{execs.height} groups"
    )


def _rules(outcome: Outcome) -> str:
    side = outcome.rules
    silent = side.table.filter(~side.table["could_match"]).height
    return (
        f"{len(side.rules)} run · {silent} could not match what this sensor sees ·"
        f" {len(side.skipped)} skipped · {side.exceptions.height} exceptions from benign time ·"
        f" {side.table['gated'].sum():,} of {side.table['hits'].sum():,} hits pass our gate"
    )


def _verdicts(outcome: Outcome) -> str:
    counts = dict(outcome.ledger.by_attack["verdict"].value_counts().iter_rows())
    order = ("both", "rules only", "models only", "neither")
    return "found by " + " · ".join(f"{name} {counts.get(name, 0)}" for name in order)


def _top(outcome: Outcome) -> str:
    findings = top_findings(outcome.sides, outcome.track)
    if findings.is_empty():
        return "none in test time"
    row = findings.row(0, named=True)
    name = row["workload"] or row["container_name"] or str(row["container_id"])[:12]
    head = f"{row['first_seen']:%H:%M} {row['title']}  {row['severity']:.1f}"
    return f"{head if name in head else f'{name}: {head}'}   because {in_short(row)}"
