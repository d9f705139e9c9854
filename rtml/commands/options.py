"""What the command line calls an argument of the library: the one place where the two meet."""

from __future__ import annotations

from rtml.errors import RtmlError

__all__ = ["OPTIONS", "with_option"]

OPTIONS = {
    "adopt": "--adopt",
    "alpha": "--alpha",
    "bad": "--bad",
    "budget": "--budget",
    "capture": "`rtml capture import SENSOR INPUT... --out CAPTURE` makes one",
    "containers": "--containers FILE, repeatable",
    "finding_files": "--findings FILE, repeatable",
    "gap": "--gap",
    "mapping": "--mapping",
    "hold_out": "--hold-out",
    "out": "--out",
    "overrides": "--set",
    "replicas": "--replicas",
    "run": "`rtml experiment promote RUN`",
    "state": "--state",
    "since": "--since TIME, or --all-time",
    "seeds": "--seeds",
    "side": "--side",
    "to": "--to SINK=TARGET",
    "trials": "--trials",
    "vary": "--vary",
    "workers": "--workers",
}
"""By the name of the argument that an error carries (`rtml.errors.RtmlError`)."""


def with_option(error: RtmlError) -> str:
    """Return the message of an error, and the option that its argument is.

    Examples
    --------
    >>> with_option(RtmlError("x: exists already", argument="out")), with_option(RtmlError("x"))
    ('x: exists already (--out)', 'x')
    """
    option = OPTIONS.get(error.argument or "")
    return f"{error} ({option})" if option else str(error)
