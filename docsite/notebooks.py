"""Tutorials: the notebooks with the outputs that they were committed with, as pages. Nothing is run."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["Output", "filled", "tutorial"]

Output = dict[str, Any]
_PLACE = '<div class="output" data-output="{}"></div>'


def tutorial(notebook: Path) -> tuple[str, list[str]]:
    """Return the Markdown of a notebook, with a place for each output, and the outputs as HTML."""
    outputs: list[str] = []
    parts = []
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code" and source.strip():
            parts.append(f"```python\n{source}\n```")
            for shown in _shown(cell.get("outputs", ())):
                parts.append(_PLACE.format(len(outputs)))
                outputs.append(shown)
    return "\n\n".join(parts) + "\n", outputs


def filled(page: str, outputs: Sequence[str]) -> str:
    """Put outputs into their places in the HTML of a page.

    Examples
    --------
    >>> filled('<div class="output" data-output="0"></div>', ["<pre>1</pre>"])
    '<div class="output"><pre>1</pre></div>'
    """
    for place, shown in enumerate(outputs):
        page = page.replace(_PLACE.format(place), f'<div class="output">{shown}</div>')
    return page


def _shown(outputs: Sequence[Output]) -> Iterator[str]:
    """Yield outputs as HTML; a picture is an image of its own, so that nothing in it can run."""
    for output in outputs:
        data = {kind: _text(value) for kind, value in output.get("data", {}).items()}
        if "image/svg+xml" in data:
            packed = base64.b64encode(data["image/svg+xml"].encode()).decode()
            words = escape(" ".join(data.get("text/plain", "").split())[:200], quote=True)
            yield f'<img alt="{words}" src="data:image/svg+xml;base64,{packed}">'
        elif "text/html" in data:
            yield data["text/html"]
        else:
            text = data.get("text/plain") or _text(output.get("text", output.get("evalue", "")))
            yield f"<pre>{escape(text)}</pre>"


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
