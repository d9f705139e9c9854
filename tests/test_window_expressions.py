"""No window expression holds another: Polars 2.1.0 answers the inner one at random.

What the outer one looks at must be a column first. The test reads the source: a name or a function
whose value holds ``.over(...)`` may not stand inside what another ``.over`` is called on.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "rtml").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
FRAMES = {"with_columns", "select", "filter", "agg", "join", "sort", "unique", "collect"}
"""What these return is a frame: windows inside are columns then."""


def attribute(node: ast.AST) -> str:
    called = node.func if isinstance(node, ast.Call) else None
    return called.attr if isinstance(called, ast.Attribute) else ""


def holds(node: ast.AST, windowed: set[str]) -> bool:
    """Whether an expression has a window expression in it, perhaps behind a name."""
    if attribute(node) in FRAMES:
        return False
    named = node.id in windowed if isinstance(node, ast.Name) else False
    return (
        attribute(node) == "over"
        or named
        or any(holds(child, windowed) for child in ast.iter_child_nodes(node))
    )


def learnt(node: ast.AST, windowed: set[str]) -> set[str]:
    """The names that a statement gives to a window expression."""
    if isinstance(node, ast.Assign) and holds(node.value, windowed):
        parts = [part for target in node.targets for part in ast.walk(target)]
        return {part.id for part in parts if isinstance(part, ast.Name)}
    if isinstance(node, ast.FunctionDef):
        returns = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)]
        return {node.name for value in returns if value and holds(value, windowed)}
    return set()


def nested(source: str) -> list[int]:
    """Lines where a window expression is called on something that holds another."""
    tree = ast.parse(source)
    windowed: set[str] = set()
    while True:
        new = set().union(*(learnt(node, windowed) for node in ast.walk(tree))) - windowed
        if not new:
            break
        windowed |= new
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if attribute(node) == "over"
        for inner in (node.func.value, *node.args, *(k.value for k in node.keywords))
        if holds(inner, windowed)
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_window_expression_holds_another(path: Path):
    assert nested(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = pl.col('a').sum().over('b').max().over('c')",
        "own = pl.col('a').sum().over('b')\nx = pl.col('r').sort_by(own).first().over('c')",
        "def own():\n    return pl.col('a').sum().over('b')\nx = (pl.col('a') / own()).sum().over('c')",
        "a, b = (pl.col('a').sum().over(k) for k in 'xy')\nc = a > 1\nx = c.any().over('z')",
        "x = pl.col('a').max().over(pl.col('a').sum().over('b'))",
    ],
)
def test_a_nesting_is_seen_behind_names_and_functions(source: str):
    assert len(nested(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "own = pl.col('a').sum().over('b')\nframe = frame.with_columns(own=own)\n"
        "x = pl.col('own').max().over('c')",
        "x = pl.col('a').sum().over('b') > pl.col('a').sum().over('c')",
    ],
)
def test_columns_made_first_are_free(source: str):
    assert nested(source) == []
