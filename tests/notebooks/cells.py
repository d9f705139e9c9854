"""The cells of a notebook, run in this process one after the other, as a reader runs them."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from rtml.errors import RtmlError
from rtml.features import FAMILIES
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "notebooks"


def outcome(name: str, run: list[str] | None = None, /, **parameters: object) -> str | None:
    """Run the cells until one refuses; return what it says, or None where all ran and were shown.

    The ids of the cells that ran, the refusing one last, are added to ``run``. What a notebook tries out
    (`rtml.registry.Registry.try_out`) is there for its cells alone, not for the tests that follow.
    """
    with pytest.MonkeyPatch.context() as patch:
        for table in ("_tried", "_loaded"):
            patch.setattr(FAMILIES, table, dict(getattr(FAMILIES, table)))
        return _outcome(name, run, parameters)


def _outcome(name: str, run: list[str] | None, parameters: dict[str, object]) -> str | None:
    (path,) = FOLDER.glob(f"{name}*.ipynb")
    names: dict[str, Any] = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        if run is not None:
            run.append(cell["id"])
        tree = ast.parse("".join(cell["source"]))
        try:
            exec(compile(tree, cell["id"], "exec"), names)
            if isinstance(tree.body[-1], ast.Expr):
                _show(eval(ast.unparse(tree.body[-1]), names))
        except RtmlError as error:
            return str(error)
        if cell["id"] == "parameters":
            assert parameters.keys() <= names.keys()
            names.update(parameters)
    return None


def _show(value: Any) -> None:
    """Ask for all that Jupyter asks for."""
    repr(value)
    for form in ("_repr_html_", "_repr_mimebundle_"):
        getattr(value, form, lambda: None)()
