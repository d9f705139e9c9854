"""What activities of OCSF's classes are as events."""

from __future__ import annotations

import polars as pl

__all__ = ["CLASSES", "ON_ANOTHER", "kind_of_activity"]

CLASSES = {
    "1001": {
        "1": "create",
        "2": "open",
        "3": "write",
        "4": "unlink",
        "5": "rename",
        "6": "chmod",
        "7": "chmod",
        "10": "write",
        "11": "write",
        "12": "mount",
        "13": "mount",
        "14": "open",
    },
    "1002": {"1": "module_load"},
    "1005": {"1": "mmap_exec"},
    "1007": {"1": "exec", "2": "exit", "3": "ptrace", "4": "vm_write", "5": "setuid"},
    "4001": {"1": "connect", "4": "connect", "5": "connect", "6": "connect", "7": "listen"},
    "4003": {"1": "dns", "2": "dns", "3": "dns", "4": "dns", "5": "dns", "6": "dns"},
}
"""Class to activity to kind; every other one of these classes is kind ``syscall``, of the DNS ``dns``."""

ON_ANOTHER = ("ptrace", "vm_write")
"""Of these ``process`` is whom it was done to, the actor's process who did it."""


def kind_of_activity(class_uid: pl.Expr, activity_id: pl.Expr) -> pl.Expr:
    """Return the kind of event; null where the class is none of runtime events.

    Examples
    --------
    >>> rows = pl.DataFrame({"c": ["1007", "1007", "2001"], "a": ["1", "99", "1"]})
    >>> rows.select(kind_of_activity(pl.col("c"), pl.col("a")).alias("kind"))["kind"].to_list()
    ['exec', 'syscall', None]
    """
    table = {f"{c} {a}": kind for c, kinds in CLASSES.items() for a, kind in kinds.items()}
    key = pl.concat_str(class_uid, activity_id.fill_null("0"), separator=" ")
    other = pl.when(class_uid == "4003").then(pl.lit("dns")).otherwise(pl.lit("syscall"))
    kind = key.replace_strict(table, default=other, return_dtype=pl.String)
    return pl.when(class_uid.is_in([*CLASSES])).then(kind)
