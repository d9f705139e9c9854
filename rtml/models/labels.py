"""Labels of detectors: each is the name of a folder in a saved model, on every file system."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rtml.errors import UsageError

__all__ = ["is_label", "refuse_labels"]

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


def is_label(text: str) -> bool:
    """Say whether a text can be a detector's label.

    Examples
    --------
    >>> is_label("pyod:ECOD"), is_label("one class"), is_label("../x")
    (True, False, False)
    """
    return _LABEL.fullmatch(text) is not None and ".." not in text


def refuse_labels(labels: Iterable[str]) -> None:
    """Refuse labels that make no folder, or one folder where capitals make no difference.

    Raises
    ------
    UsageError
        Which label, and what one may be.
    """
    folders: dict[str, str] = {}
    for label in labels:
        if not is_label(label):
            raise UsageError(f"{label!r}: a detector label is letters, digits, - _ : and .")
        first = folders.setdefault(label.lower(), label)
        if first != label:
            raise UsageError(f"the detector labels {first!r} and {label!r} differ only by capitals")
