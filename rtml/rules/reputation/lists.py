"""Training lists: names with their category and family."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError, UsageError, lookup
from rtml.rules.intelligence.files import read_list_text
from rtml.rules.reputation.categories import CATEGORIES
from rtml.rules.reputation.names import split_names

__all__ = ["BENIGN", "bad_files", "read_names"]

BENIGN = "benign"
"""Stands for a category among the training names."""


def bad_files(options: Sequence[str]) -> list[tuple[str, Path]]:
    """Read ``category=FILE`` options; a folder stands for the files in it.

    Examples
    --------
    >>> bad_files(["malicous=x.txt"])
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown category 'malicous'; did you mean 'malicious'?
    """
    labelled: list[tuple[str, Path]] = []
    for option in options:
        category, equals, file = option.partition("=")
        if not equals or not file:
            hint = "write category=FILE, for instance malicious=x.txt"
            raise UsageError(f"{option!r}: {hint}", argument="bad")
        lookup(CATEGORIES, category, "category")
        path = Path(file)
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        labelled += [(category, training_file) for training_file in files]
    return labelled


def read_names(
    benign: Sequence[Path], bad: Sequence[tuple[str, Path]]
) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """Read training names: one a line, ``#`` begins a comment.

    Returns
    -------
    ``name``, ``registered``, ``under``, ``category``, ``family``: distinct registered names and
    labels of each category; and the digest of every file. A family is what a file is called up to
    the first ``_``, ``-``, ``.`` or space (``zloader_a.txt``, ``zloader_b.txt`` are one); where a
    category has one family only, its families are its registered domains. A name that is listed
    as good and as bad counts as bad. Names without a reputation (`split_names`) are left out.

    Raises
    ------
    RtmlError
        A file cannot be read, or there is no good or no bad name.
    """
    parts, digests = [], {}
    for category, file in [*((BENIGN, file) for file in benign), *bad]:
        text = read_list_text(file)
        digests[str(file)] = hashlib.sha256(text.encode()).hexdigest()
        lines = pl.Series([line.partition("#")[0].strip() for line in text.splitlines()])
        split = split_names(lines.cast(pl.String)).drop_nulls("registered")
        family = re.split(r"[_\-. ]", file.name, maxsplit=1)[0]
        parts.append(split.with_columns(category=pl.lit(category), family=pl.lit(family)))
    names = pl.concat(parts).unique(["registered", "under", "category"], keep="first", maintain_order=True)
    bad_names = names.filter(pl.col("category") != BENIGN)
    benign_names = names.filter(pl.col("category") == BENIGN).join(
        bad_names, on=["registered", "under"], how="anti", maintain_order="left"
    )
    if benign_names.is_empty() or bad_names.is_empty():
        raise RtmlError(f"no {'good' if benign_names.is_empty() else 'bad'} names in the files given")
    names = pl.concat([benign_names, bad_names])
    families = pl.col("family").n_unique().over("category")
    by_domain = (families == 1) | (pl.col("category") == BENIGN)
    return names.with_columns(family=pl.when(by_domain).then("registered").otherwise("family")), digests
