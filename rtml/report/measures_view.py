"""The measures of all sides for a terminal, and who found what beside the first rules."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from rtml.evaluation.ledger import Ledger
from rtml.evaluation.measures import wide
from rtml.evaluation.paired import paired
from rtml.text import visible

__all__ = ["MeasuresView"]

_NAME, _CELL = 22, 24
"""Columns that the name of a measure and a value with its interval take."""


class MeasuresView:
    """All measures for a terminal: one row per measure, as many sides beside each other as fit.

    Parameters
    ----------
    ledger
        One without measures prints nothing.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render for the width at hand: values with 95 % intervals, reasons below, then the pairs."""
        texts = wide(self.ledger.measures)
        step = max(1, (options.max_width - _NAME) // _CELL)
        for start in range(0, texts.height, step):
            yield _values(texts[start : start + step])
        yield from _reasons(self.ledger.measures)
        rules = self.ledger.summary.filter(pl.col("kind") == "rules")["side"].head(1).to_list()
        for reference in rules if self.ledger.attacks.height else []:
            yield _pairs(paired(self.ledger, reference), reference)


def _values(texts: pl.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for side in texts["side"]:
        table.add_column(Text(visible(side, _CELL)), justify="right", overflow="fold")
    for name in texts.columns[1:]:
        table.add_row(name, *(Text(text) for text in texts[name]))
    return table


def _reasons(rows: pl.DataFrame) -> Iterator[Text]:
    missing = rows.drop_nulls("reason").group_by("measure", "reason", maintain_order=True)
    for measure, reason, sides in missing.agg(pl.len()).iter_rows():
        yield Text(f"  - {measure}: {reason} ({sides} side{'' if sides == 1 else 's'})", "dim")


def _pairs(pairs: pl.DataFrame, reference: str) -> Table:
    """Show who found what the reference did not, and the p-values after Holm's correction."""
    title = f"over the same attacks, beside {visible(reference, 40)} (p after Holm's correction)"
    table = Table(box=None, pad_edge=False, header_style="bold", title=Text(title), title_justify="left")
    heads = ("", "both", "only\nit", "only\nrules", "p found", "false", "p false", "causes", "p causes", "")
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number in (0, len(heads) - 1) else "right")
    for row in pairs.iter_rows(named=True):
        counts = [str(row[name]) for name in ("both", "only_side", "only_reference")]
        tests = [
            text
            for name, test in (("false", "p_false_holm"), ("causes", "p_causes_holm"))
            for text in (_beside(row[name], row[f"{name}_reference"]), _p(row[test]))
        ]
        cells = [visible(row["side"], 40), *counts, _p(row["p_holm"]), *tests, row["remark"] or ""]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _beside(ours: int | None, theirs: int | None) -> str:
    return "-" if ours is None or theirs is None else f"{ours} : {theirs}"


def _p(value: float | None) -> str:
    """Return a p-value as people write it.

    Examples
    --------
    >>> _p(0.0471), _p(3e-7), _p(None)
    ('0.047', '< 0.001', '-')
    """
    if value is None:
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
