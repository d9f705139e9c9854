"""What a person must look at, and how much of an attack it shows."""

from __future__ import annotations

import numpy as np
import polars as pl

from rtml.evaluation.measure import Measure, clopper_pearson, interval, refused
from rtml.evaluation.measures.material import Material
from rtml.evaluation.trees import attack_trees

__all__ = ["attack_coverage", "processes_to_inspect"]


def processes_to_inspect(material: Material) -> Measure:
    """Count the distinct processes that findings name, and the roots of all trees that they are charged for.

    Returns
    -------
    A count without an interval. A finding that names no process costs every tree that was active then;
    refused where that is not known, for silence must not be cheap.

    References
    ----------
    Nodes to inspect: B. Jiang et al., ORTHRUS, USENIX Security 2025.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(processes_to_inspect(example()))
    '5.000'
    """
    roots = material.matched.claims.select("finding", process_id="root_id")
    silent = roots.filter(pl.col("process_id").is_null())["finding"].n_unique()
    if silent:
        return refused(f"{silent} of {material.findings.height} findings name no process")
    count = pl.concat([material.shown, roots])["process_id"].n_unique()
    return Measure(float(count), method=f"count over {material.findings.height} findings")


def attack_coverage(material: Material) -> Measure:
    """Return the mean share of an attack's processes that the findings which hit it name.

    Returns
    -------
    |processes named and of the attack| / |processes of the attack|, over attacks found whose root is known,
    with a bootstrap interval over them.

    References
    ----------
    Share of the attack's graph that is shown: B. Jiang et al., ORTHRUS, USENIX Security 2025.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(attack_coverage(example()))
    '0.583 [0.500, 0.667]'
    """
    tree = attack_trees(material.track.labels, material.track.processes)
    hit = material.matched.hits.select("finding", "attack_id").join(material.shown, on="finding")
    named = hit.select("attack_id", "process_id").unique().join(tree, on=["attack_id", "process_id"])
    sizes = tree.join(material.detected, on="attack_id", how="semi").group_by("attack_id").len("all")
    counted = sizes.join(named.group_by("attack_id").len("named"), on="attack_id", how="left")
    shares = counted.sort("attack_id").select(pl.col("named").fill_null(0) / pl.col("all")).to_series()
    if shares.is_empty():
        known = material.detected.height
        return refused("no root process of a found attack is known" if known else "found no attack")
    return _mean(shares.to_numpy(), material.track.seed)


def _mean(values: np.ndarray, seed: int) -> Measure:
    n = len(values)
    if n < 2:
        return Measure(float(values[0]), method="no interval: fewer than 2 attacks")
    draws = np.random.default_rng(seed).integers(0, n, (2000, n))
    if np.ptp(values) == 0 and values[0] in (0.0, 1.0):
        low, high = clopper_pearson(n * float(values[0]), n)
        return Measure(float(values[0]), low, high, f"exact binomial over {n} attacks found")
    low, high = interval(values[draws].mean(axis=1))
    return Measure(float(values.mean()), low, high, f"bootstrap over {n} attacks found")
