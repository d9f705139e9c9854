"""What the kernel itself says it lost, in words between the records of a log of the kernel."""

from __future__ import annotations

import polars as pl

__all__ = ["ACCOUNT", "BARE", "SUPPRESSED", "TOTAL", "account_of"]

ACCOUNT = "account"
"""Column that says of which kind an account is."""

SUPPRESSED = "suppressed"
"""So many records did not come into the kernel's log."""

TOTAL = "total"
"""So many records are lost since the machine began."""

BARE = "bare"
"""Something is lost: how much, the line with the total says, which stands beside it unless that was lost."""

_KERNEL = r"(?:^|[ ]kernel: ?|[ ]kernel [!-~]{1,128} [!-~]{1,32} (?:-|\[[^\]]*\]) )(?:\[[^\]]{1,40}\] ?)?"
"""Only the kernel's own lines count: others may write what they like, but not as it."""

_SUPPRESSED = _KERNEL + r"kauditd_printk_skb: (\d{1,18}) callbacks suppressed$"
_TOTAL = _KERNEL + r"audit: audit_lost=(\d{1,18}) audit_rate_limit=\d+ audit_backlog_limit=\d+$"
_NO_NUMBER = (
    _KERNEL + r"audit: (?:(?:backlog|rate) limit exceeded|audit_backlog=\d+ > audit_backlog_limit=\d+|"
    r"kauditd \w+ queue overflow)$"
)


def account_of(line: pl.Expr) -> list[pl.Expr]:
    """Return ``account``, null for what is no account of losses, and its ``number``.

    Examples
    --------
    >>> lines = ["[ 84.0] kauditd_printk_skb: 32 callbacks suppressed", "an audit: rate limit exceeded"]
    >>> lines += ["Jan  5 06:14:12 h kernel: audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64"]
    >>> lines += ["audit: backlog limit exceeded"]
    >>> pl.DataFrame({"l": lines}).select(account_of(pl.col("l"))).rows()
    [('suppressed', 32), (None, None), ('total', 7), ('bare', None)]
    """
    suppressed, total = line.str.extract(_SUPPRESSED), line.str.extract(_TOTAL)
    told = line.str.contains(_NO_NUMBER)
    kind = pl.when(suppressed.is_not_null()).then(pl.lit(SUPPRESSED)).when(total.is_not_null())
    return [
        kind.then(pl.lit(TOTAL)).when(told).then(pl.lit(BARE)).alias(ACCOUNT),
        pl.coalesce(suppressed, total).cast(pl.Int64).alias("number"),
    ]
