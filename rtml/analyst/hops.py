"""The process trees of findings: how surprising each process is, and which one a finding is about."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.analyst.desk import Desk, around
from rtml.captures import Capture
from rtml.findings.trees import process_tree
from rtml.models import Scored
from rtml.notebook.shades import NOTABLE
from rtml.notebook.trees import tree
from rtml.showing.shown import Shown, sentence

__all__ = ["trees_of"]

_TREES, _PROCESSES, _NOTES = 4, 5000, 40


def trees_of(desk: Desk, findings: pl.DataFrame, roots: Sequence[int]) -> Shown:
    """Draw process trees, one below the other, each process in the colour of its greatest surprise.

    Parameters
    ----------
    desk
        What a hunt has to go on.
    findings
        Those that the trees are of; the process of the weightiest event of each is marked.
    roots
        Lineage roots; of more than four, the number that is left out is told.
    """
    if not roots:
        return sentence("No process is named by these findings: there is no tree to draw.")
    shown = list(roots[:_TREES])
    ours = desk.capture.processes().filter(pl.col("root_id").is_in(shown)).collect()
    if ours.is_empty():
        return sentence(desk.elsewhere)
    bits = None if desk.scored is None else _strongest(desk.scored, shown)
    notes = {} if bits is None else _notes(bits)
    greatest = None if bits is None else dict(bits.select("process_id", "bits").iter_rows())
    own = _weightiest(desk.capture, findings)
    trees = [tree(process_tree(ours, root, most=_PROCESSES), notes, greatest, own) for root in shown]
    if len(roots) > len(shown):
        trees.append(sentence(f"… {len(roots) - len(shown)} more trees"))
    texts = "\n\n".join(drawn.text for drawn in trees)
    return Shown("text/html", "\n".join(drawn.markup for drawn in trees), texts)


def _strongest(scored: Scored, roots: Sequence[int]) -> pl.DataFrame:
    """Return the most surprising event of each process, the greatest surprise first."""
    ours = scored.surprises.filter(pl.col("root_id").is_in(roots) & pl.col("process_id").is_not_null())
    order = ours.sort("bits", "seq", descending=[True, False])
    return order.unique("process_id", keep="first", maintain_order=True)


def _notes(strongest: pl.DataFrame) -> dict[int, str]:
    """Say what surprised: of processes with `NOTABLE` bits, or of the first, where none has as many."""
    notable = strongest.filter(pl.col("bits") >= NOTABLE).head(_NOTES)
    return {
        row["process_id"]: f"{row['bits']:.1f} bits: {row['family']}, {row['key']}"
        for row in (notable if notable.height else strongest.head(1)).iter_rows(named=True)
    }


def _weightiest(capture: Capture, findings: pl.DataFrame) -> list[int]:
    """Return the processes of the weightiest event of each finding."""
    first = findings.select(pl.col("evidence").list.first()).drop_nulls().unnest("evidence").unique()
    if first.is_empty():
        return []
    begin, end = min(findings["first_seen"].to_list()), max(findings["last_seen"].to_list())
    span = around(begin, end)
    events = capture.events(["time", "host", "seq", "process_id"]).filter(
        span & pl.col("seq").is_in(first["seq"].implode())
    )
    named = events.with_columns(pl.col("host").cast(pl.String)).collect(engine="streaming")
    found = named.join(first, on=["host", "seq"], how="semi", nulls_equal=True)
    return found["process_id"].drop_nulls().unique().sort().to_list()
