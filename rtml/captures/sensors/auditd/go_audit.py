r"""Lines of go-audit: an event each, whose records stand in a list; they are read as auditd's own.

References
----------
https://github.com/slackhq/go-audit
"""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.fields import Fields, table_of

__all__ = ["MESSAGES", "is_go_audit", "unpacked"]

MESSAGES = ("sequence", "timestamp", "messages")
"""Keys that its lines have; in a list below the last there are ``type`` and ``data``."""

_WHOLE = r"(\{.*\})[ \t\r]*$"
_FIELDS: Fields = {
    "sequence": "sequence",
    "timestamp": "timestamp",
    "messages": ("messages", pl.List(pl.Struct({"type": pl.String(), "data": pl.String()}))),
}


def is_go_audit(line: pl.Expr) -> pl.Expr:
    """Say which lines may be of go-audit."""
    return pl.all_horizontal(line.str.contains(f'"{key}":', literal=True) for key in MESSAGES)


def unpacked(lines: pl.DataFrame) -> pl.DataFrame:
    r"""Give each record of go-audit's events a line of its own, spelled as auditd does.

    What is no such event stays as it is, and so does an event without a record.

    Parameters
    ----------
    lines
        ``text`` and others, which each of the records has.

    Examples
    --------
    >>> event = '{"sequence":5,"timestamp":"1798761600.5","messages":[{"type":1307,"data":"cwd=\\"/\\""}]}'
    >>> lines = ["Jan  5 06:14:12 h go-audit[7]: " + event, "x"]
    >>> unpacked(pl.DataFrame({"line": [1, 2], "text": lines})).rows()
    [(1, 'type=1307 msg=audit(1798761600.5:5): cwd="/"'), (2, 'x')]
    """
    ours = lines.select(is_go_audit(pl.col("text")).fill_null(False).alias("ours"))["ours"]
    if not ours.any():
        return lines
    table, _ = table_of(lines.filter(ours)["text"].str.extract(_WHOLE).fill_null(""), _FIELDS)
    event = pl.format("audit({}:{})", "timestamp", "sequence")
    record = pl.element().struct
    said = pl.format("type={} msg=\x00: {}", record.field("type"), record.field("data").str.strip_chars())
    whole = event.is_not_null() & (pl.col("messages").list.len() > 0)
    spelled = table.select(event=event, records=pl.when(whole).then(pl.col("messages").list.eval(said)))
    places = lines.with_row_index("place")
    known = places.filter(ours).select("place").hstack(spelled)
    apart = places.join(known, on="place", how="left", maintain_order="left").explode("records")
    text = pl.col("records").str.replace("\x00", pl.col("event"), literal=True)
    return apart.with_columns(text=pl.coalesce(text, "text")).select(lines.columns)
