"""Places that are no paths: ``s3://bucket/logs``, also where somebody has made a path of them."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["as_url", "is_url"]

_URL = re.compile(r"([a-z][a-z0-9+.-]*):/+")


def is_url(place: str | Path) -> bool:
    """Tell a URL; a path loses one of its slashes.

    Examples
    --------
    >>> is_url("s3://bucket/x"), is_url(Path("s3://bucket/x")), is_url("a/b:/c"), is_url("a:b")
    (True, True, False, False)
    """
    return _URL.match(str(place)) is not None


def as_url(place: str | Path) -> str:
    """Return a URL as it was written.

    Examples
    --------
    >>> as_url(Path("s3://bucket/x")), as_url("file:///x")
    ('s3://bucket/x', 'file:///x')
    """
    return str(place) if "://" in str(place) else _URL.sub(r"\1://", str(place), count=1)
