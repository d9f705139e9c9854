"""The shape of the code in numbers: ``python -m benchmarks.style``.

Non-blank lines, ``__init__`` files included; a function's length is its body without the docstring.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

__all__ = ["measures"]

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rtml"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(trees: list[ast.Module]) -> list[Function]:
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, Function)]


def _length(function: Function) -> int:
    documented = ast.get_docstring(function) is not None
    first = function.body[0].end_lineno if documented else function.lineno
    return (function.end_lineno or 0) - (first or 0)


def _parameters(function: Function) -> int:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _imports(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules of the package that a file names in its imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in inner)


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}"


def measures(package: Path = PACKAGE) -> dict[str, str]:
    """Return the measures by name, as text."""
    paths = sorted(package.rglob("*.py"))
    texts = [path.read_text("utf-8") for path in paths]
    trees = [ast.parse(text) for text in texts]
    sizes = sorted(sum(1 for line in text.splitlines() if line.strip()) for text in texts)
    p90, functions = sizes[int(len(sizes) * 0.9)], _functions(trees)
    public = [f for f in functions if not f.name.startswith("_")]
    classes = [n for t in trees for n in ast.walk(t) if isinstance(n, ast.ClassDef) and n.name[0] != "_"]
    known = {_dotted(path) for path in paths}
    arrows = {(_dotted(path), target) for path in paths for target in _imports(path, known)}
    rooms = {(_room(start), _room(end)) for start, end in arrows} - {(_room(m), _room(m)) for m in known}
    names = {_room(module) for module in known}
    together = "\n".join(texts)
    return {
        "modules / non-blank lines": f"{len(paths)} / {sum(sizes):,}",
        "median / p90 / largest": f"{statistics.median(sizes):g} / {p90} / {sizes[-1]}",
        "files over 300 lines": str(sum(text.count("\n") > 300 for text in texts)),
        "median function; over 30 lines": (
            f"{statistics.median(map(_length, functions)):g}; {sum(_length(f) > 30 for f in functions)}"
        ),
        "functions with over 5 parameters": _share(
            sum(_parameters(f) > 5 for f in functions), len(functions)
        ),
        "returns annotated": _share(sum(f.returns is not None for f in functions), len(functions)),
        "public classes documented": _share(
            sum(ast.get_docstring(c) is not None for c in classes), len(classes)
        ),
        "public functions documented": _share(
            sum(ast.get_docstring(f) is not None for f in public), len(public)
        ),
        "docstrings that run": str(sum(">>>" in (ast.get_docstring(n) or "") for n in _documented(trees))),
        "type: ignore / noqa / fmt: skip": " / ".join(
            str(together.count(mark)) for mark in ("# type: ignore", "# noqa", "# fmt: skip")
        ),
        "rooms / arrows between rooms / arrows between files": f"{len(names)} / {len(rooms)} / {len(arrows)}",
    }


def _documented(trees: list[ast.Module]) -> Iterator[ast.Module | ast.ClassDef | Function]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | Function):
                yield node


def main() -> None:
    """Print the measures, one a line."""
    from rich.console import Console

    for name, value in measures().items():
        Console(highlight=False).print(f"{name:<55} {value}", markup=False)


if __name__ == "__main__":
    main()
