"""No file imports, by whatever way, a file that imports it; imports inside functions count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "rtml").rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def targets(source: str, known: set[str]) -> Iterator[str]:
    """The modules that a source names in its imports, wherever these stand."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in inner)


def circles(sources: dict[str, str]) -> list[list[str]]:
    """Groups of modules that reach each other; empty is right."""
    names = sorted(sources)
    place = {name: number for number, name in enumerate(names)}
    arrows = [(place[name], place[target]) for name in names for target in targets(sources[name], set(names))]
    start, end = np.array(arrows or [(0, 0)]).T
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(len(names), len(names)))
    _, group = connected_components(graph, directed=True, connection="strong")
    members: dict[int, list[str]] = {}
    for name, number in zip(names, group.tolist(), strict=True):
        members.setdefault(number, []).append(name)
    return [circle for circle in members.values() if len(circle) > 1]


def test_no_two_files_import_each_other():
    assert circles({dotted(path): path.read_text("utf-8") for path in MODULES}) == []


def test_a_circle_is_seen_also_inside_functions_and_over_three_files():
    sources = {
        "rtml.a": "from rtml import b",
        "rtml.b": "def late():\n    from rtml.c import x",
        "rtml.c": "import rtml.a",
        "rtml": "",
    }
    assert circles(sources) == [["rtml.a", "rtml.b", "rtml.c"]]
    assert circles({**sources, "rtml.c": ""}) == []
