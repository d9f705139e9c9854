"""What every alert format must hold to, whoever wrote it (`rtml.findings.formats.contract`)."""

from __future__ import annotations

import copy
import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rtml.findings.formats import Alert, Format, Reject, alert
from rtml.findings.importing import read_alerts
from rtml.findings.levels import LEVELS
from rtml.schema import FINDINGS
from rtml.testing.laws import hold

__all__ = ["FORMAT_LAWS", "check_format"]

Record = Mapping[str, Any]
_ODD: tuple[Any, ...] = (None, "", "x", -1, 2**70, 1.5, True, [], [None, 7], {}, {"a": {"b": None}})


def an_alert_says_what_when_and_where(form: Format, record: Record) -> None:
    """Read of an alert its rule, its time in UTC, a known level and the container."""
    row = form.read(record)
    usual = alert("rule", "2026-01-01", "low").keys()
    assert row.keys() == usual, f"an alert has {sorted(usual)}, this one {sorted(row)}: make it by `alert`"
    assert row["rule"] and row["container_id"], f"no rule or no container: {row}"
    time = row["time"]
    assert isinstance(time, dt.datetime) and time.utcoffset() == dt.timedelta(0), f"no UTC time: {time}"
    assert row["level"] in LEVELS, f"no level {row['level']!r}; known: {', '.join(LEVELS)}"


def reading_changes_nothing(form: Format, record: Record) -> None:
    """Read an alert twice with the same result, and leave it as it was."""
    before = copy.deepcopy(record)
    assert form.read(record) == form.read(record), "another alert at the second reading"
    assert record == before, "the object that was read is changed"


def what_is_no_alert_is_rejected(form: Format, record: Record) -> None:
    """Reject what is no alert of this format with a reason, never by another error."""
    foreign: tuple[Record, ...] = ({}, {"a": 1}, {"": {"": []}})
    for candidate in foreign:
        row = _read(form, candidate)
        assert row is None or not row["rule"] or not row["container_id"], f"takes {candidate} for an alert"


def any_value_is_survived(form: Format, record: Record) -> None:
    """Survive every value of an alert being of another type, or absent."""
    for changed in _changed(record):
        _read(form, changed)


def its_findings_are_findings(form: Format, record: Record) -> None:
    """Give findings of the schema, one for one alert, when it is registered."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "alerts.jsonl"
        path.write_text(json.dumps(record) + "\nnonsense\n", "utf-8")
        read = read_alerts(path, form.name)
    assert read.findings.schema == FINDINGS, f"findings are {read.findings.schema}"
    assert read.findings.height == read.alerts == 1, f"{read.alerts} alerts, {read.findings.height} findings"
    assert read.rejects.height == 1, "a broken line is no reject"


def _read(form: Format, record: Record) -> Alert | None:
    try:
        return form.read(record)
    except Reject as reason:
        assert str(reason), "a reject has no reason"
        return None
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} instead of Reject for {record}: {error}") from error


def _changed(value: Any) -> Iterator[Any]:
    """Yield copies of an object in which one value, at any depth, is odd or missing."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: item for name, item in value.items() if name != key}
            yield from ({**value, key: odd} for odd in (*_ODD, *_changed(inner)))


FORMAT_LAWS: tuple[Callable[[Format, Record], None], ...] = (
    an_alert_says_what_when_and_where,
    reading_changes_nothing,
    what_is_no_alert_is_rejected,
    any_value_is_survived,
    its_findings_are_findings,
)
"""Every law, a function of the format and one alert: for a test per law."""


def check_format(form: Format, alerts: Sequence[Record]) -> None:
    """Hold a registered alert format to every law.

    Parameters
    ----------
    form
        The format.
    alerts
        Objects that it must take for alerts of containers, at least one.

    Raises
    ------
    AssertionError
        It breaks a law: who, which, and what happened; or there is no alert.

    Examples
    --------
    >>> from rtml.findings.formats import FORMATS
    >>> shell = {"rule": "Shell", "time": "2026-01-01", "priority": "Error",
    ...          "output_fields": {"container.id": "c1"}}
    >>> check_format(FORMATS["falco"], [shell])
    """
    assert alerts, f"format {form.name} has no alert to be checked with"
    for record in alerts:
        hold(FORMAT_LAWS, f"alert format {form.name}", form, record)
