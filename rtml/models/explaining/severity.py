"""How grave a model's finding is: how rare, how new, and what was touched."""

from __future__ import annotations

import polars as pl

from rtml.findings.levels import LEVELS

__all__ = ["severity_of"]

_LEAST, _RARE, _NEW, _TOUCHED = LEVELS["medium"] - 1.0, 3.0, 1.0, 0.9
_HALVES_AT = 4.0
_SENSITIVE = (
    r"/etc/(shadow|sudoers|gshadow|ld\.so\.preload)|/\.(ssh|aws|kube|docker|gnupg)/|/secrets/|serviceaccount"
    r"|/proc/[^/]+/(mem|environ)|docker\.sock|containerd\.sock|169\.254\.169\.254"
    r"|^(ptrace|vm_write|module_load|bpf|mount|setns|unshare|memfd|chmod setuid)"
)


def severity_of(unit: list[str], expected: str | None = None) -> pl.Expr:
    r"""Return the severity of the finding that a row of evidence belongs to.

    .. math:: 4 + 3\,(1 - e^{-x/4}) + n + 0.9\,t

    in [4, 8.9]: :math:`x` is how far the highest margin lies beyond the limit (in factors of e, so that 2.3
    is ten times rarer than the budget asks), *n* the share of its surprising pairs that were never seen, each
    as far as it was not ``expected`` of a group that is hardly known, *t* whether it touched what attackers
    are after (credentials, other processes, the kernel). 9 and above is GuardDuty's band for correlated
    attack sequences, which one alarm is not.

    Parameters
    ----------
    unit
        Columns that make a finding. Rows need ``margin``, ``limit``, ``seen`` and ``key``; where a margin is
        missing nothing is said of how rare it is.
    expected
        Column with the chance that what such a group does is new, 0 to 1 (`rtml.models.explaining.known`).

    Examples
    --------
    >>> rows = pl.DataFrame({"u": [1, 1, 2], "margin": [9.0, 5.0, 5.0], "limit": [5.0] * 3,
    ...                      "seen": [True, False, True], "key": ["read /etc/shadow", "x", "y"]})
    >>> rows.select(severity_of(["u"]).round(2)).to_series().to_list()
    [7.3, 7.3, 4.0]
    """
    beyond = (pl.col("margin") - pl.col("limit")).max().over(unit).fill_null(0.0).clip(0.0)
    rare = _RARE * (1 - (-beyond / _HALVES_AT).exp())
    unexpected = 1.0 if expected is None else 1.0 - pl.col(expected)
    new = ((~pl.col("seen")).cast(pl.Float64) * unexpected).mean().over(unit).fill_null(0.0)
    touched = pl.col("key").str.contains(_SENSITIVE).any().over(unit).fill_null(False).cast(pl.Float64)
    return (_LEAST + rare + _NEW * new + _TOUCHED * touched).clip(_LEAST, LEVELS["critical"] - 0.1).round(2)
