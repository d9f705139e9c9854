"""What a model says, as OCSF's ``anomaly_analyses``: who was analysed, what was observed, against what."""

from __future__ import annotations

from typing import Any

from rtml.findings.exports.rows import Row, given, instant_ms

__all__ = ["analyses"]


def analyses(row: Row) -> list[dict[str, Any]]:
    """Return the analysis of a finding: one anomaly and one baseline per reason.

    The observation is the value of the reason, the baseline what was usual; both are in the unit of the
    feature. Without a reason the score itself is the anomaly, against the budget that it was set to.

    Examples
    --------
    >>> import polars as pl
    >>> from rtml.findings.exports.rows import rows_of
    >>> reason = {"feature": "files.read: read /etc/shadow", "value": 9.0, "usual": 1.0, "share": 0.4}
    >>> one = pl.DataFrame({"source": ["model"], "workload": ["web"], "contributions": [[reason]]})
    >>> analysis = analyses(next(rows_of(one)))[0]
    >>> analysis["analysis_targets"], analysis["anomalies"][0]["observations"][0]["value"]
    ([{'name': 'web', 'type': 'Workload'}], '9')
    >>> analysis["baselines"][0]["observations"]
    [{'value': '1'}]
    """
    reasons = [part for part in row["contributions"] if part["feature"]]
    # What compares the finding with its peers is said once, not with every reason.
    said = [row["compared"], *[None] * len(reasons)]
    anomalies = [_anomaly(row, part, text) for part, text in zip(reasons, said, strict=False)]
    anomalies = anomalies or [_by_score(row)]
    baselines = [_baseline(row, part) for part in reasons if part["usual"] is not None]
    return [given(analysis_targets=_targets(row), anomalies=anomalies, baselines=baselines)]


def _targets(row: Row) -> list[dict[str, str]]:
    """Return whose behaviour was judged: its peer group first, then itself."""
    names = (
        ("Workload", row["workload"]),
        ("Container", row["container_name"] or row["container_id"]),
        ("User", row["actor"]),
    )
    found = [{"name": name, "type": kind} for kind, name in names if name]
    return found or [{"name": row["host"] or "unknown", "type": "Host"}]


def _anomaly(row: Row, part: Row, compared: str | None) -> dict[str, Any]:
    family, _, what = part["feature"].partition(": ")
    value = "seen" if part["value"] is None else f"{part['value']:g}"
    share = None if part["share"] is None else f"{part['share']:.0%} of the score"
    return given(
        observation_parameter=part["feature"],
        observation_type=family if what else part["feature"].partition(".")[0],
        observations=[given(value=value, count=row["count"], timespan=_span(row))],
        observed_pattern="; ".join(filter(None, [compared, share])),
    )


def _baseline(row: Row, part: Row) -> dict[str, Any]:
    family, _, what = part["feature"].partition(": ")
    return given(
        observation_parameter=part["feature"],
        observation_type=family if what else part["feature"].partition(".")[0],
        observations=[{"value": f"{part['usual']:g}"}],
        observed_pattern="; ".join(filter(None, [row["counterfactual"], row["maturity"]])),
    )


def _by_score(row: Row) -> dict[str, Any]:
    score = "unknown" if row["score"] is None else f"{row['score']:g}"
    chance = None if row["p_value"] is None else f"p = {row['p_value']:g}"
    return given(
        observation_parameter="score",
        observation_type=row["detector"],
        observations=[given(value=score, count=row["count"], timespan=_span(row))],
        observed_pattern="; ".join(filter(None, [row["compared"], chance])),
    )


def _span(row: Row) -> dict[str, Any]:
    """Return the time that was judged, as an interval (type 99 lets start and end speak)."""
    start, end = instant_ms(row["first_seen"]), instant_ms(row["last_seen"])
    return {"start_time": start, "end_time": end, "type_id": 99, "type": "Other", "duration": end - start}
