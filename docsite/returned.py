"""An extension of griffe: what docstrings here write below Returns is a sentence, not the name of a type."""

from __future__ import annotations

import re
from typing import Any

import griffe

from docsite.markdown import formulas

__all__ = ["Returned"]

_RETURNS = re.compile(r"^(Returns|Yields)\n-+\n(?=\S)((?:.+\n?)+)", re.MULTILINE)


class Returned(griffe.Extension):
    """Indent the sentence, below the type that the signature names."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Rewrite the docstring of a function before it is parsed."""
        if func.docstring:
            kind = str(func.returns or "")
            func.docstring.value = _RETURNS.sub(
                lambda found: _indented(found, kind), formulas(func.docstring.value)
            )


def _indented(found: re.Match[str], kind: str) -> str:
    body = "\n".join(f"    {line}" for line in found[2].splitlines())
    return f"{found[1]}\n{'-' * len(found[1])}\n{kind or 'value'}\n{body}\n"
