"""What lies beside a file of findings: the scores and windows that it was made with.

A folder may hold several files of findings, so each looks for what is its own first: beside
``rules.parquet`` that is ``rules.scores.parquet``. What a whole folder shares, and what belongs to
``findings.parquet``, is named plainly: ``scores.parquet``.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["beside", "own_name", "owns"]

_PLAIN = "findings"


def own_name(findings: Path, name: str) -> Path:
    """Return the file that belongs to these findings alone, whether it is there or not.

    Examples
    --------
    >>> own_name(Path("run/findings.parquet"), "scores.parquet").as_posix()
    'run/scores.parquet'
    >>> own_name(Path("run/rules.jsonl"), "scores.parquet").as_posix()
    'run/rules.scores.parquet'
    """
    return findings.with_name(name if findings.stem == _PLAIN else f"{findings.stem}.{name}")


def beside(findings: Path, name: str) -> Path | None:
    """Return ``<stem>.<name>`` beside the findings, else ``<name>``; None where neither is a file.

    Examples
    --------
    >>> beside(Path("nowhere/rules.parquet"), "scores.parquet") is None
    True
    """
    places = (findings.with_name(f"{findings.stem}.{name}"), findings.with_name(name))
    return next((place for place in places if place.is_file()), None)


def owns(findings: Path, file: Path) -> bool:
    """Tell whether a file beside the findings is theirs alone, not shared by the whole folder.

    Examples
    --------
    >>> owns(Path("rules.parquet"), Path("scores.parquet"))
    False
    >>> owns(Path("findings.parquet"), Path("scores.parquet"))
    True
    """
    return findings.stem == _PLAIN or file.name.startswith(f"{findings.stem}.")
