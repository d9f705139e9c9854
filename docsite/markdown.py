"""Markdown of plain texts: tables whose cells cannot break out, and the prose of docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

__all__ = [
    "bullets",
    "cell",
    "field_lists",
    "first_sentence",
    "formulas",
    "module_said",
    "prose",
    "section",
    "table",
]

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_CODE = re.compile(r"(`+[^`]*`+)")


def cell(text: object) -> str:
    r"""Return a text as one cell of a table: one line, no bar, no tag outside of code.

    Examples
    --------
    >>> cell("a|b\n<i> `<c>`")
    'a\\|b &lt;i&gt; `<c>`'
    """
    line = " ".join(str(text).split()).replace("|", "\\|")
    parts = _CODE.split(line)
    return "".join(
        part if place % 2 else part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for place, part in enumerate(parts)
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; without rows it says so."""
    lines = ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    if not lines:
        return "None.\n"
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines]) + "\n"


def prose(thing: object) -> str:
    """Return a docstring up to its first section (Parameters, References, Examples ...).

    Examples
    --------
    >>> prose(table)
    'Return a table; without rows it says so.'
    """
    return formulas(_SECTION.split(inspect.getdoc(thing) or "")[0].strip())


def formulas(text: str) -> str:
    r"""Return a text whose formulas are code: to set them a page would have to load something.

    Examples
    --------
    >>> formulas(r"So :math:`\nu = n` holds.")
    'So `\\nu = n` holds.'
    """
    text = re.sub(r":math:`([^`]+)`", r"`\1`", text)
    block = re.compile(r"^\.\. math::(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
    return block.sub(lambda found: f"```text\n{inspect.cleandoc(found[1].strip())}\n```", text)


def section(thing: object, name: str) -> str:
    """Return a section of a docstring, empty where it has none."""
    parts = _SECTION.split(inspect.getdoc(thing) or "")
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(name, "").strip()


def first_sentence(thing: object) -> str:
    """Return the first paragraph of a docstring, in one line."""
    return " ".join(prose(thing).partition("\n\n")[0].split())


def module_said(places: Mapping[str, str], name: str) -> str:
    """Return the first paragraph of the module that holds a registered thing; empty for other packages'."""
    return first_sentence(import_module(places[name].partition(":")[0])) if name in places else ""


def bullets(text: str) -> dict[str, str]:
    r"""Return what ``- ``name``: meaning`` lines say, by name; that of no name under the empty one.

    Examples
    --------
    >>> bullets("Words.\n\n- ``a``: one,\n  two.\n- of each: three\n\nMore.")
    {'a': 'one, two.', '': 'of each: three'}
    """
    found: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith("- "):
            for item in re.split(r"\n(?=- )", paragraph):
                line = " ".join(item.removeprefix("- ").split())
                named = re.match(r"``([\w.]+)``: (.*)", line)
                found[named[1] if named else ""] = named[2] if named else line
    return found


def field_lists(text: str) -> list[list[str]]:
    r"""Return the rows of the first simple table of reStructuredText; what goes on below belongs to a row.

    Examples
    --------
    >>> field_lists("Words.\n\n== =====\na  b\n== =====\n1  one\n   more\n2  two\n== =====")
    [['1', 'one more'], ['2', 'two']]
    """
    lines = text.splitlines()
    rules = [at for at, line in enumerate(lines) if re.fullmatch(r"=+( =+)+", line)]
    starts = [match.start() for match in re.finditer(r"=+", lines[rules[0]])]
    ends = [*starts[1:], None]
    rows: list[list[str]] = []
    for line in lines[rules[1] + 1 : rules[2]]:
        parts = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
        if parts[0]:
            rows.append(parts)
        else:
            rows[-1] = [" ".join([old, new]).strip() for old, new in zip(rows[-1], parts, strict=True)]
    return rows
