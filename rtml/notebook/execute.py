"""Run a notebook and keep its outputs: the one module that knows nbformat and nbclient.

The kernel is the Python that runs this, whatever kernels are installed on the machine; it starts
with an empty IPython folder, so nobody's start-up files or history take part.
"""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtml.errors import RtmlError, UnknownNameError, UsageError, did_you_mean
from rtml.reading.whole import write_text
from rtml.showing.shown import SVG

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["execute", "execute_file"]

SECONDS = 600
"""Longest that one cell may take."""


def execute(
    notebook: NotebookNode, folder: Path, parameters: Mapping[str, object] | None = None
) -> NotebookNode:
    """Run all cells in order and return the notebook with their outputs.

    Parameters
    ----------
    notebook
        Read with ``nbformat.read(path, 4)``; it is changed in place.
    folder
        Working directory of the kernel.
    parameters
        Values for names of the cell tagged ``parameters``, as papermill has it; they go into a cell after it.

    Raises
    ------
    RtmlError
        A cell failed; the message ends with what the cell raised. Or the packages are missing.
    """
    try:
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError as error:
        raise RtmlError("notebooks need more packages: pip install 'rtml[notebooks]'") from error
    if parameters:
        _given(notebook, parameters)
    kernel: Any = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport_encryption="auto",
    )
    client: Any = NotebookClient(
        notebook, timeout=SECONDS, record_timing=False, resources={"metadata": {"path": str(folder)}}
    )
    client.km = kernel  # set here, the client owns it and shuts it down; as an argument it does not
    with tempfile.TemporaryDirectory() as profile:
        settings = {"IPYTHONDIR": profile, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        try:
            client.execute(env={**os.environ, **settings})
        except CellExecutionError as error:
            raise RtmlError(f"a cell of the notebook failed: {error}") from error
    return _plain(notebook)


def _given(notebook: NotebookNode, parameters: Mapping[str, object]) -> None:
    """Put a cell with these values behind the one tagged ``parameters``; unknown names are refused."""
    from nbformat.v4 import new_code_cell

    tagged = [n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    if not tagged:
        raise UsageError("the notebook has no cell tagged 'parameters', so it takes none")
    place = tagged[0]
    known = {target.id for node in ast.parse(notebook.cells[place].source).body for target in _targets(node)}
    for name in parameters:
        if name not in known:
            raise UnknownNameError(f"the notebook has no parameter {name!r}; {did_you_mean(name, known)}")
    lines = [f"{name} = {value!r}" for name, value in parameters.items()]
    added: Any = new_code_cell
    cell = added("\n".join(lines), id="injected-parameters", metadata={"tags": ["injected-parameters"]})
    notebook.cells.insert(place + 1, cell)


def _targets(node: ast.stmt) -> list[ast.Name]:
    return [target for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]


def _plain(notebook: NotebookNode) -> NotebookNode:
    """Drop what differs from machine to machine (versions, ids of a kernel), and each picture's second form.

    A kept notebook shows pictures as images: who reads it on a forge has no other.
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if SVG in output.get("data", ()):
                output.data.pop("text/html", None)
    return notebook


def execute_file(path: Path) -> Path:
    """Run the notebook at ``path`` in its own folder and write it back, whole or not at all."""
    try:
        import nbformat
    except ImportError as error:
        raise RtmlError("notebooks need more packages: pip install 'rtml[notebooks]'") from error
    files: Any = nbformat
    notebook = execute(files.read(path, 4), path.parent)
    write_text(path, files.writes(notebook) + "\n")
    return path
