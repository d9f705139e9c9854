"""What a join to the latest row before gives can be filtered and made into texts by the streaming engine."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest

from rtml.asof import asof

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "rtml").rglob("*.py"))
PIECE = 50


def table(rows: int, pieces: int) -> pl.DataFrame:
    """Rows in pieces, as the streaming engine hands them on."""
    whole = pl.DataFrame({"time": range(rows), "who": [f"p{row % 7}" for row in range(rows)]})
    return pl.concat([whole.slice(n * PIECE, PIECE) for n in range(pieces)], rechunk=False)


def pieces_of(frame: pl.DataFrame) -> set[tuple[int, ...]]:
    return {tuple(len(piece) for piece in frame[name].get_chunks()) for name in frame.columns}


@pytest.mark.parametrize("pieces", [1, 4])
def test_all_columns_come_in_the_same_pieces(pieces: int):
    left = table(PIECE * pieces, pieces)
    right = left[::9].with_columns(last="time")
    joined = asof(left, right, on="time", by="who")
    assert len(pieces_of(joined)) == 1
    lazy = asof(left.lazy(), right.lazy(), on="time", by="who")
    for engine in ("in-memory", "streaming"):
        assert lazy.collect(engine=engine).equals(joined)
        told = lazy.filter(pl.col("last").is_not_null()).select(pl.format("{} {}", "who", "last"))
        assert told.collect(engine=engine).height == joined["last"].drop_nulls().len() > 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nobody_else_joins_asof(path: Path):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "join_asof"
    ]
    assert not calls or path.name == "asof.py", f"{path}:{calls}: use rtml.asof"
