"""Pictures as plain Plotly JSON. Colours are names (``meta``) that the page's style fills in.

Every text that may come from a capture passes `picture_text`: Plotly reads a little HTML.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from typing import Any

import polars as pl

from rtml.evaluation.timeline import Timeline
from rtml.report.strings import picture_text

__all__ = ["budget_figure", "timeline_figure"]

Figure = dict[str, Any]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def budget_figure(curve: pl.DataFrame, facts: dict[str, Any], points: pl.DataFrame | None = None) -> Figure:
    """Draw attacks found against false alarms per container-day, one step line per side.

    The x axis is logarithmic, with zero at its left edge. The shaded part lies below one false
    alarm in the whole test time: rates there cannot be told from none. ``points``: rules at each
    minimum level (`rtml.evaluation.points.POINTS`), as markers.
    """
    smallest, budget = 24 * facts["smallest_rate_per_hour"], facts["budget_per_container_day"]
    zero = min(smallest, budget) / 3
    seen = curve["false_per_container_day"].max()
    widest = max(seen if isinstance(seen, float) else 0.0, smallest, budget) * 1.6
    places: Counter[str] = Counter()
    lines = []
    for name, rows in _sides_of(curve):
        places[rows["kind"][0]] += 1  # dashes count within a kind: a model and its union match
        lines.append(_step_line(name, rows, zero, widest, places[rows["kind"][0]] - 1))
    if points is not None:
        lines += [_marks_of(name, rows, zero) for name, rows in _sides_of(points)]
    return {
        "data": lines,
        "layout": _budget_axes(zero, widest, facts) | _budget_marks(zero, smallest, budget),
    }


def _budget_axes(zero: float, widest: float, facts: dict[str, Any]) -> Figure:
    attacks = facts["counts"]["attacks"]
    ticks = [10.0**power for power in range(math.ceil(math.log10(zero)), 7) if 10.0**power < widest]
    return {
        "xaxis": {
            "type": "log",
            "title": {"text": "false alarms per container-day"},
            "range": [math.log10(zero * 0.9), math.log10(widest)],
            "tickvals": [zero, *ticks],
            "ticktext": ["0", *(f"{tick:g}" for tick in ticks)],
        },
        "yaxis": {
            "title": {"text": f"attacks found, of {attacks}"},
            "range": [-0.3, attacks + 0.6],
            "dtick": max(1, math.ceil(attacks / 8)),
        },
    }


def _budget_marks(zero: float, smallest: float, budget: float) -> Figure:
    frame = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    return {
        "shapes": [
            frame
            | {
                "type": "rect",
                "x0": zero * 0.9,
                "x1": smallest,
                "layer": "below",
                "line": {"width": 0},
                "meta": "shade",
            },
            frame
            | {
                "type": "line",
                "x0": budget,
                "x1": budget,
                "meta": "ink",
                "line": {"width": 1, "dash": "dot"},
            },
        ],
        "annotations": [
            _note(math.log10(budget), 1.0, "budget", "left"),
            _note(math.log10(smallest), 0.02, "less than one false alarm in this test time ", "right"),
        ],
    }


def _note(x: float, y: float, text: str, side: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "xref": "x",
        "yref": "paper",
        "text": text,
        "showarrow": False,
        "xanchor": side,
        "yanchor": "bottom",
        "font": {"size": 11},
    }


def _sides_of(curve: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    names = curve["side"].unique(maintain_order=True).to_list()
    return [(name, curve.filter(pl.col("side") == name)) for name in names]


def _step_line(name: str, rows: pl.DataFrame, zero: float, widest: float, place: int) -> dict[str, Any]:
    rates, attacks = rows["false_per_container_day"].to_list(), rows["found"].to_list()
    texts = [f"{n} found, {rate:.3g} false a day" for n, rate in zip(attacks, rates, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": picture_text(name, 40),
        "meta": rows["kind"][0],
        "x": [max(rate, zero) for rate in rates] + [widest],
        "y": [*attacks, attacks[-1]],
        "text": [*texts, ""],
        "hovertemplate": "%{fullData.name}: %{text}<extra></extra>",
        "line": {"shape": "hv", "width": 2, "dash": DASHES[place % len(DASHES)]},
        "marker": {"size": [4] * len(attacks) + [0]},
    }


def _marks_of(name: str, rows: pl.DataFrame, zero: float) -> dict[str, Any]:
    rates = rows["false_per_container_day"].to_list()
    return {
        "type": "scatter",
        "mode": "markers",
        "name": picture_text(f"{name}: least level", 60),
        "meta": "rules",
        "x": [max(rate, zero) for rate in rates],
        "y": rows["found"].to_list(),
        "text": [f">= {level}" for level in rows["level"]],
        "hovertemplate": "%{fullData.name} %{text}: %{y} found<extra></extra>",
        "marker": {"size": 9, "symbol": "diamond-open"},
    }


def timeline_figure(timeline: Timeline) -> Figure:
    """Draw one container over time: events per kind, scores, findings, attacks shaded."""
    lanes = timeline.findings["side"].unique(maintain_order=True).to_list()
    names = [picture_text(name, 28) for name in lanes]
    return {
        "data": [*_bars(timeline), *_scores(timeline), *_marks(timeline)],
        "layout": {
            "barmode": "stack",
            "bargap": 0,
            "xaxis": {"type": "date", "range": [_iso(timeline.begin), _iso(timeline.end)], "anchor": "y3"},
            "yaxis": {"domain": [0.62, 1], "title": {"text": f"events / {timeline.bin.seconds} s"}},
            "yaxis2": {
                "domain": [0.38, 0.57],
                "range": [-0.05, 1.05],
                "tickformat": ".0%",
                "title": {"text": "score rank"},
            },
            "yaxis3": {
                "domain": [0, 0.32],
                "type": "category",
                "tickvals": names,
                "categoryorder": "array",
                "categoryarray": names[::-1],
                "range": [-0.6, max(len(names), 1) - 0.4],
                "showgrid": False,
            },
            "shapes": [_span(row) for row in timeline.attacks.iter_rows(named=True)],
            "annotations": [_flag(row) for row in timeline.attacks.iter_rows(named=True)],
        },
    }


def _iso(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _times(series: pl.Series) -> list[str]:
    return series.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_list()


def _bars(timeline: Timeline) -> list[dict[str, Any]]:
    totals = timeline.events.group_by("kind").agg(pl.col("events").sum())
    kinds = totals.sort(pl.col("kind") == "other", -pl.col("events"), "kind")["kind"].to_list()
    width = timeline.bin.total_seconds() * 1000
    return [
        {
            "type": "bar",
            "name": picture_text(kind),
            "meta": f"kind{place}",
            "x": _times(rows["time"]),
            "y": rows["events"].to_list(),
            "width": width,
            "offset": 0,
            "hovertemplate": "%{y} %{fullData.name}<extra></extra>",
        }
        for place, kind in enumerate(kinds)
        for rows in [timeline.events.filter(pl.col("kind") == kind)]
    ]


def _scores(timeline: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": picture_text(name, 40),
            "meta": "model",
            "yaxis": "y2",
            "x": [*_times(rows["window"]), _iso(timeline.end)],
            "y": [*rows["share"].to_list(), rows["share"][-1]],
            "line": {"shape": "hv", "width": 1.5, "dash": DASHES[place % len(DASHES)]},
            "hovertemplate": "%{fullData.name}: above %{y} of windows<extra></extra>",
        }
        for place, (name, rows) in enumerate(_sides_of(timeline.scores))
    ]


def _marks(timeline: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": picture_text(name, 40),
            "meta": rows["kind"][0],
            "yaxis": "y3",
            "x": _times(rows["first_seen"]),
            "y": [picture_text(name, 28)] * rows.height,
            "showlegend": False,
            "text": [picture_text(title or "finding") for title in rows["title"]],
            "marker": {"size": 10, "symbol": "line-ns-open", "line": {"width": 2.5}},
            "hovertemplate": "%{x|%H:%M:%S} %{text}<extra></extra>",
        }
        for name, rows in _sides_of(timeline.findings)
    ]


def _span(attack: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": _iso(attack["start"]),
        "x1": _iso(attack["end"]),
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"width": 1},
        "meta": "attack",
    }


def _flag(attack: dict[str, Any]) -> dict[str, Any]:
    return {
        "x": _iso(attack["start"]),
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 10},
        "textangle": -35,
        "text": picture_text(attack["attack_id"], 12),
        "hovertext": picture_text(attack["name"] or "attack"),
    }
