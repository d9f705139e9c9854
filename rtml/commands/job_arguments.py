"""What arguments of the scoring job must be, checked while the command line is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rtml.errors import UsageError, no_capture

if TYPE_CHECKING:
    from rtml.rules.chosen import Chosen

__all__ = ["amount", "chosen", "inputs", "memory", "place"]

_SIZES = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_STORES = ("s3", "gs", "gcs", "abfs", "abfss")
_LEAST = 500 * 10**6


def amount(text: str) -> int:
    """Return an amount of memory in bytes.

    Examples
    --------
    >>> amount("2GB"), amount("1.5 GiB")
    (2000000000, 1610612736)
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)", text.strip())
    size = _SIZES.get(match[2].upper()) if match else None
    if match is None or size is None:
        raise UsageError(f"memory {text!r}: write a number and MB, GB, TB, MiB, GiB or TiB, like 2GB")
    return int(float(match[1]) * size)


def memory(value: str) -> str:
    """Check an amount of memory.

    Examples
    --------
    >>> memory("10MB")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: memory '10MB': a worker needs 500 MB at least
    """
    if amount(value) < _LEAST:
        raise UsageError(f"memory {value!r}: a worker needs {_LEAST // 10**6} MB at least")
    return value


def place(value: str) -> str:
    """Check that an output is a folder or lies in a store that can be written.

    Examples
    --------
    >>> place("s3:/bucket/x")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: s3:/bucket/x: no such store; known: s3://, gs://, gcs://, abfs://, abfss://
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):/", value)
    if scheme and ("://" not in value or scheme[1].lower() not in _STORES):
        known = ", ".join(f"{name}://" for name in _STORES)
        raise UsageError(f"{value}: no such store; known: {known}", argument="out")
    if not scheme and Path(value).is_file():
        raise UsageError(f"{value}: is a file; name a folder", argument="out")
    return value


def inputs(value: list[str]) -> list[str]:
    """Check that folders are there; patterns and stores are left to the work.

    Examples
    --------
    >>> inputs(["s3://bucket/captures", "captures/2026-*"])
    ['s3://bucket/captures', 'captures/2026-*']
    >>> inputs(["no/such/folder"])
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: no capture here (no such folder)
    """
    for text in value:
        if "://" not in text and not set("*?[") & set(text) and not Path(text).is_dir():
            raise no_capture(text)
    return value


def chosen(
    packs: bool, sigma: Sequence[Path] | None, falco: Sequence[Path] | None, lists: Path | None
) -> Chosen | None:
    """Return the rules that a job runs; None where none were asked for.

    Examples
    --------
    >>> chosen(False, None, None, None) is None, chosen(True, None, None, None).packs
    (True, ('container', 'k8s-audit'))
    >>> chosen(False, None, None, Path("lists.yml"))
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: lists are values of rules: ask for --rules, --sigma or --falco too
    """
    from rtml.rules.chosen import Chosen

    if not (packs or sigma or falco):
        if lists is not None:
            raise UsageError("lists are values of rules: ask for --rules, --sigma or --falco too")
        return None
    ours = ("container", "k8s-audit") if packs else None
    return Chosen(ours, tuple(sigma or ()), tuple(falco or ()), lists=lists)
