"""Find rule files and load them; what cannot be loaded is listed with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from rtml.errors import MissingFileError, RtmlError, lookup
from rtml.progress import steps
from rtml.reading.text import read_text as text_of
from rtml.reading.user_yaml import MOST_BYTES
from rtml.registered import PACKS
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.sigma.placeholders import Lists, rule_lists

__all__ = ["PACKS", "load", "load_pack", "read_text", "rule_files"]

MAX_BYTES = MOST_BYTES
"""A larger file is not a rule."""


def load(paths: Iterable[str | Path], lists: Lists | None = None) -> tuple[list[Rule], list[Skipped]]:
    """Load every rule of files and folders.

    Parameters
    ----------
    paths
        Sigma files, or folders that are searched for ``*.yml`` and ``*.yaml``.
    lists
        Values of placeholders (`rtml.rules.sigma.placeholders`); default: those that come with rtml.

    Returns
    -------
    Rules in order of their files' names, and what was skipped: broken or unsupported files, and
    rules whose id was loaded before, and parts of correlations and filters that are not run. Filters and
    correlations hold over all the files.

    Raises
    ------
    RtmlError
        A path does not exist, or pySigma is not installed.
    """
    # Imports pySigma.
    from rtml.rules.sigma.assembling import assemble
    from rtml.rules.sigma.documents import documents

    files, skipped = [], []
    for file in steps(rule_files(paths), "loading rules", "files"):
        text = read_text(file)
        if isinstance(text, Skipped):
            skipped.append(text)
        else:
            files.append(documents(text, str(file)))
    results = list(assemble(files, rule_lists() if lists is None else lists))
    rules = [result for result in results if isinstance(result, Rule)]
    return rules, [*skipped, *(result for result in results if isinstance(result, Skipped))]


def load_pack(name: str = "container", lists: Lists | None = None) -> tuple[list[Rule], list[Skipped]]:
    """Load a pack that comes with rtml.

    Examples
    --------
    >>> rules, skipped = load_pack("container")
    >>> len(rules) >= 20, skipped
    (True, [])
    """
    folder = lookup(PACKS, name, "rule pack")
    if lists is not None:
        return _packed(folder, lists)
    rules, skipped = _as_shipped(folder)
    return list(rules), list(skipped)


@cache
def _as_shipped(folder: str) -> tuple[tuple[Rule, ...], tuple[Skipped, ...]]:
    """Load a pack with the lists that come with rtml: once, since neither ever changes."""
    rules, skipped = _packed(folder, None)
    return tuple(rules), tuple(skipped)


def _packed(folder: str, lists: Lists | None) -> tuple[list[Rule], list[Skipped]]:
    with as_file(files("rtml.rules").joinpath(folder)) as path:
        return load([path], lists)


def rule_files(paths: Iterable[str | Path]) -> Sequence[Path]:
    """Find the rule files of files and folders, each once; `RtmlError` where a path is not."""
    rule_paths: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise MissingFileError(f"{path}: no such rule file or folder")
        if path.is_dir():
            rule_paths += sorted(p for p in path.rglob("*") if p.suffix.lower() in (".yml", ".yaml"))
        else:
            rule_paths.append(path)
    return list(dict.fromkeys(rule_paths))


def read_text(file: Path) -> str | Skipped:
    """Read a rule file; a folder, a binary or an unreadable one becomes a reason."""
    if not file.is_file():
        return Skipped(str(file), "not a regular file")
    try:
        return text_of(file, MAX_BYTES)
    except RtmlError as error:
        return Skipped(str(file), str(error).removeprefix(f"{file}: "))
