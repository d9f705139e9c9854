"""Keys from names, one Python call per distinct name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from rtml.features.paths import _FIXED, _VARYING
from rtml.features.programs import _MADE, SERVICES, SHELLS

_STEPS = [
    (re.compile(pattern), re.sub(r"\$\{?(\d)\}?", r"\\\1", replacement))
    for pattern, replacement in (*_FIXED, *_VARYING)
]
_SCOPES = (
    (r"127\.|0\.0\.0\.0$|::1$|::$", "loopback"),
    (r"169\.254\.|fe[89ab]", "link-local"),
    (r"10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.", "private"),
    (r"100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|f[cd]", "private"),
)


def mapped(column: pd.Series, function: Callable[[str], str]) -> pd.Series:
    """Apply a function to a column, once per distinct value."""
    return column.map({value: function(value) for value in column.dropna().unique()}).astype(object)


def normal(path: str) -> str:
    """Do what `rtml.features.paths.normalise` does."""
    path = path[:4096]
    for pattern, replacement in _STEPS:
        path = pattern.sub(replacement, path)
    return path


def program(path: str) -> str:
    """Do what `rtml.features.programs.settled` does."""
    return normal(re.sub(_MADE, r"\1*", path))


def scope(ip: str) -> str:
    """Do what `rtml.addresses.scope` does."""
    bare = ip.lower().removeprefix("::ffff:")
    return next((name for pattern, name in _SCOPES if re.match(pattern, bare)), "public")


def domain_key(domain: str) -> str:
    """Do what `rtml.features.addresses.domain_key` does."""
    return ".".join(normal(domain[:255].lower().rstrip(".").replace("*", "?")).split(".")[-4:])


def port(number: float) -> str:
    """Do what `rtml.features.addresses.port` does."""
    return "?" if pd.isna(number) else "high" if number >= 32768 else str(int(number))


def is_one_of(path: str, names: tuple[str, ...]) -> bool:
    """Do what `rtml.features.programs.runs` does."""
    bare = path.strip("[]").rsplit("/", 1)[-1]
    return bare in names or re.sub(r"[-_]?[0-9]+(\.[0-9]+)*$", "", bare) in names


def is_shell(path: str) -> bool:
    """Whether a program is a shell."""
    return is_one_of(path, SHELLS)


def is_service(path: str) -> bool:
    """Whether a program serves a network."""
    return is_one_of(path, SERVICES)
