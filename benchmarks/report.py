"""The tables that ``python -m benchmarks`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from benchmarks.measuring import Measurement

__all__ = ["goals", "import_table", "speed_table", "sqlite_table"]

_BARE = {"features_three": "read_three", "pandas_three": "read_three", "rules": "read_rules"}


def _row(measurement: Measurement) -> tuple[str, ...]:
    return (
        measurement.name,
        f"{measurement.events:,}",
        f"{measurement.seconds:.2f}",
        f"{measurement.rate:,.0f}",
        f"{measurement.peak / 1e9:.2f}",
    )


def _table(title: str, *more: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for name in ("events", "seconds", "events/s", "peak GB", *more):
        table.add_column(name, justify="right")
    return table


def speed_table(title: str, results: Mapping[str, Measurement]) -> Table:
    """Show the jobs over one synthetic capture, each as a multiple of its bare read."""
    table = _table(title, "x bare read")
    for job, measurement in results.items():
        bare = results[_BARE.get(job, "read_all")]
        ratio = "" if job.startswith("read") else f"{measurement.seconds / bare.seconds:.1f}"
        table.add_row(*_row(measurement), ratio)
    return table


def import_table(results: Sequence[Measurement], skipped: Mapping[str, str]) -> Table:
    """Show the import of every sensor format, and why one was skipped."""
    table = _table("import of real files")
    for measurement in results:
        table.add_row(*_row(measurement))
    for sensor, reason in skipped.items():
        table.add_row(sensor, "skipped:", reason)
    return table


def sqlite_table(here: Measurement, sqlite: Measurement) -> Table:
    """Show the same Sigma rules here and by SQLite, and whether the goal is met."""
    table = _table("Sigma's process rules over synthetic program starts", "x ours")
    for measurement in (here, sqlite):
        table.add_row(*_row(measurement), f"{measurement.seconds / here.seconds:.1f}")
    faster = sqlite.seconds / here.seconds
    table.add_row("goal: SQLite takes", "", ">= 15 x", "", "", f"met: {_met(faster >= 15)}")
    return table


def goals(results: Mapping[str, Measurement]) -> Table:
    """Show the goals of the project beside what was measured."""
    table = Table(title="goals", title_justify="left")
    for name in ("goal", "asked", "measured", "met"):
        table.add_column(name)
    features, everything = results["features_three"], results["features_all"]
    read = features.seconds / results["read_three"].seconds
    read_all = everything.seconds / results["read_all"].seconds
    peak = max(features.peak, everything.peak) / 1e9
    table.add_row("3 families / bare read", "<= 6", f"{read:.1f}", _met(read <= 6))
    table.add_row("all families / bare read", "<= 6", f"{read_all:.1f}", _met(read_all <= 6))
    trees = results["features_trees"].seconds / everything.seconds
    table.add_row("features per tree, times those per window", "<= 1.5", f"{trees:.2f}", _met(trees <= 1.5))
    table.add_row("peak GB of features", "< 3", f"{peak:.2f}", _met(peak < 3))
    if "rules" in results:
        ran = results["rules"]
        slower = ran.seconds / results["read_rules"].seconds
        table.add_row("all rules / bare read", "<= 20", f"{slower:.1f}", _met(slower <= 20))
        table.add_row("peak GB of rules", "< 2", f"{ran.peak / 1e9:.2f}", _met(ran.peak < 2e9))
    if "pandas_three" in results:
        faster = results["pandas_three"].seconds / features.seconds
        table.add_row("times faster than pandas", ">= 5", f"{faster:.1f}", _met(faster >= 5))
    return table


def _met(yes: bool) -> str:
    return "yes" if yes else "no"
