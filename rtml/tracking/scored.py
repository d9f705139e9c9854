"""What scoring jobs took, as the store of runs remembers them."""

from __future__ import annotations

import polars as pl

from rtml.tracking.store import clear_errors, mlflow_here, tracking_uri
from rtml.tracking.tags import KIND

__all__ = ["scoring_jobs"]


def scoring_jobs() -> pl.DataFrame:
    """Return the captures that each finished scoring job read (``captures``) and its ``cpu_seconds``.

    Raises
    ------
    RtmlError
        MLflow is not installed, or the store cannot be reached.
    """
    mlflow = mlflow_here()
    with clear_errors(mlflow, tracking_uri()):
        runs = mlflow.search_runs(
            search_all_experiments=True,
            filter_string=f"tags.`{KIND}` = 'score' and attributes.status = 'FINISHED'",
            output_format="list",
            max_results=50_000,
        )
    rows = [
        (run.data.params.get("captures", "").split(), run.data.metrics["cpu_seconds"])
        for run in runs
        if "cpu_seconds" in run.data.metrics
    ]
    schema = {"captures": pl.List(pl.String()), "cpu_seconds": pl.Float64()}
    return pl.DataFrame(rows, schema, orient="row")
