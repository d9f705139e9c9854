"""Which file of the repository is which page, and links between them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

__all__ = ["ROOT", "outside", "page_of", "rewritten", "source_of", "tutorials"]

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*$", re.MULTILINE | re.DOTALL)
_TOP = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_MADE_OF = {
    "rtml/features": "catalogues/features.md",
    "rtml/detectors": "catalogues/detectors.md",
    "rtml/rules/packs": "catalogues/rules.md",
    "rtml/findings/remediation.yml": "catalogues/finding-types.md",
    "rtml/commands": "catalogues/commands.md",
}
"""What catalogues are made of: a link to it leads to the catalogue, and in the repository somewhere too."""


def outside() -> dict[str, str]:
    """Return the pages whose text does not lie in ``docs/``: file of the repository to page.

    Data cards are found, not listed: a new data set's appears by itself.

    Examples
    --------
    >>> outside()["README.md"], outside()["datasets/lab-v1/README.md"]
    ('index.md', 'data/lab-v1.md')
    """
    cards = sorted((ROOT / "datasets").glob("*/README.md"))
    return _TOP | {card.relative_to(ROOT).as_posix(): f"data/{card.parent.name}.md" for card in cards}


def tutorials() -> dict[str, str]:
    """Return the pages that are notebooks: file to page.

    Examples
    --------
    >>> tutorials()["notebooks/02-hunt.ipynb"]
    'tutorials/02-hunt.md'
    """
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return {file.relative_to(ROOT).as_posix(): f"tutorials/{file.stem}.md" for file in found}


def page_of(file: str) -> str | None:
    """Return the page that a file of the repository is, None where it is none.

    Examples
    --------
    >>> page_of("docs/sensors.md"), page_of("README.md"), page_of("rtml/features"), page_of("Makefile")
    ('sensors.md', 'index.md', 'catalogues/features.md', None)
    """
    if file.startswith("docs/") and file.endswith((".md", ".svg", ".png")):
        return file.removeprefix("docs/")
    return (outside() | tutorials() | _MADE_OF).get(file)


def source_of(page: str) -> str:
    """Return the file that a page is made of; that of a page that nobody wrote is below ``docs/``."""
    return {page: file for file, page in (outside() | tutorials()).items()}.get(page, f"docs/{page}")


def rewritten(text: str, page: str) -> str:
    """Return a page's text with links as the site has them; what has no page becomes its path.

    Examples
    --------
    >>> rewritten("[how](docs/sensors.md#names) [it](tests/x.py)", "index.md")
    '[how](sensors.md#names) it (`tests/x.py`)'
    """
    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(lambda link: _one(link, page), text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, _LINK.sub(lambda link: _one(link, page), text[at:])])


def _one(link: re.Match[str], page: str) -> str:
    mark, words, target = link.groups()
    path, hashed, anchor = target.partition("#")
    if not path or "://" in path or path.startswith("mailto:"):
        return link[0]
    file = posixpath.normpath(posixpath.join(posixpath.dirname(source_of(page)), path))
    known = page_of(file)
    if known is None and file.startswith("docs/"):
        known = file.removeprefix(
            "docs/"
        )  # perhaps a page that is made; else mkdocs says that it is not there
    if known is None:
        return f"{words} (`{file}`)" if file not in words else f"`{words.strip('`')}`"
    return f"{mark}[{words}]({posixpath.relpath(known, posixpath.dirname(page) or '.')}{hashed}{anchor})"
