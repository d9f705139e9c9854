r"""What syslog writes before a record: a record that names no node is of the host that syslog names.

auditd names none unless it is told to (``name_format``), nor do laurel and older Falco, so in a log of many
hosts only the head says whose a record is. A head is believed if all of it is there, in one of the three
forms that syslog has.
"""

from __future__ import annotations

import polars as pl

__all__ = ["ISO", "host_of", "unheaded"]

_HOST = r"([A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,44})"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_OLD = rf"[A-Z][a-z]{{2}} [ \d]?\d(?: \d{{4}})? {_CLOCK}"
ISO = rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:Z| ?[+-]\d\d:?\d\d)?"
"""A time as RFC 3339 has it; some write none of the zone."""
_TAG = r"[^ :\[\]=\"{]{1,128}(?:\[[^ \[\]]{1,64}\])?:"
_PRIORITY = r"^(?:\d{1,6} )?(?:<\d{1,3}>)?"

_SHORT = rf"{_PRIORITY}(?:{_OLD}|{ISO}) +{_HOST} +{_TAG}"
_LONG = rf"{_PRIORITY}1 {ISO} {_HOST} [!-~]{{1,48}} [!-~]{{1,128}} [!-~]{{1,32}} "
_FORMS = (_SHORT + r"(?: |$)", _LONG + r"(?:-|\[)")
"""RFC 3164, also with the time of RFC 3339, and RFC 5424; over TCP the number of bytes stands before."""

_OBJECTS = (
    _SHORT + r" +(?:@cee: ?)?(\{.*\})$",
    _LONG + r"(?:-|\[[^{}]{0,999}\]) (?:\x{feff}|@cee: ?)?(\{.*\})$",
)
"""The same before an object of JSON, with what marks one."""


def host_of(line: pl.Expr) -> pl.Expr:
    """Return the host that the head of a line names; null where there is no head, or none of that form.

    Examples
    --------
    >>> lines = ["Jan  5 06:14:12 web-1 kernel: [ 9.1] audit: type=1300", "Jan  5 06:14:12 kernel: audit: x"]
    >>> lines += ["2027-01-05T06:14:12.5+00:00 web-2 audispd[7]: type=CWD", "<14>1 type=CWD"]
    >>> lines += ["<86>1 2027-01-05T06:14:12Z web-3 audispd 7 - - x", "1 2027-01-05T06:14:12Z - a - - - x"]
    >>> pl.DataFrame({"l": lines}).select(host_of(pl.col("l")))["l"].to_list()
    ['web-1', None, 'web-2', None, 'web-3', None]
    """
    return pl.coalesce(line.str.extract(form) for form in _FORMS)


def unheaded(lines: pl.Series) -> pl.DataFrame:
    """Return ``text, head``: objects of JSON without the head before them, and the host that it names.

    Other lines come back as they are.

    Examples
    --------
    >>> lines = ['Jan  5 06:14:12 web-1 laurel[7]: {"a": 1}', '{"a": 1}', "Jan  5 06:14:12 web-1 cron: x"]
    >>> lines += ['<86>1 2027-01-05T06:14:12Z web-3 laurel 7 - [x@1 a="b"] {"a": 1}']
    >>> parts = unheaded(pl.Series(lines))
    >>> parts["head"].to_list(), parts["text"].unique().sort(descending=True).to_list()
    (['web-1', None, None, 'web-3'], ['{"a": 1}', 'Jan  5 06:14:12 web-1 cron: x'])
    """
    line = pl.col("line")
    groups = [line.str.extract_groups(form) for form in _OBJECTS]
    parts = (
        lines.alias("line")
        .to_frame()
        .with_columns(
            host=pl.coalesce(found.struct[0] for found in groups),
            own=pl.coalesce(found.struct[1] for found in groups),
        )
    )
    return parts.select(text=pl.coalesce("own", "line"), head="host")
