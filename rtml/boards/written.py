"""A board as files: Parquet and CSV for machines, Markdown and data cards for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rtml.boards.running import Board
from rtml.boards.shown import COLUMNS, cells, limits
from rtml.datasets.card import card_text
from rtml.reading import whole
from rtml.text import visible

__all__ = ["markdown", "write_board"]


def write_board(board: Board, out: Path) -> Path:
    """Write the board (Parquet, CSV, Markdown) and the cards into a new folder, whole or not at all."""
    with whole.whole_folder(out) as half:
        board.table.write_parquet(half / "board.parquet", compression="zstd")
        board.table.write_csv(half / "board.csv")
        (half / "board.md").write_text(markdown(board), "utf-8")
        (half / "cards").mkdir()
        for name, card in board.cards.items():
            (half / "cards" / f"{name}.json").write_text(card.model_dump_json(indent=1), "utf-8")
            (half / "cards" / f"{name}.md").write_text(card_text(card), "utf-8")
    return out


def markdown(board: Board) -> str:
    """Return the board as Markdown: a section per set, then what is absent or failed."""
    return "\n".join(_lines(board))


def _lines(board: Board) -> Iterator[str]:
    for (name,), rows in board.table.partition_by("set", as_dict=True, maintain_order=True).items():
        card = board.cards.get(str(name))
        yield f"## {_cell(str(name))}\n"
        if card is not None:
            yield f"{card.what}. Licence: {card.licence}.\n"
            yield f"- ours: {card.protocol}"
            yield f"- published: {card.published_protocol}"
            yield f"- real files: {card.tried or 'none were tried'}"
            yield from (f"- {_cell(note)}" for note in card.notes)
            yield ""
        yield "| " + " | ".join([*COLUMNS, "seeds, note"]) + " |"
        yield "|---" * (len(COLUMNS) + 1) + "|"
        for row in rows.iter_rows(named=True):
            words = "; ".join(filter(None, (row["seeds"], row["note"])))
            yield "| " + " | ".join(map(_cell, [*cells(row), words])) + " |"
        yield ""
        yield from (f"- {_cell(text)}" for text in limits(rows))
        yield ""
    if board.failed:
        yield "## There, and not judged\n"
        yield from (f"- **{_cell(name)}**: {_cell(reason)}" for name, reason in board.failed.items())
        yield ""
    if board.absent:
        yield "## Not there\n"
        yield from (f"- **{one.name}**: {one.what} ({one.size}). From: {one.origin}." for one in board.absent)
        yield ""


def _cell(text: str) -> str:
    return visible(text, 400).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
