"""Counted history: what is normal here.

A baseline is a table of counts, ``P(key | context)`` in the making. It can be learnt shard by shard
and merged by addition (the sum of two baselines equals one that learnt from both), read with any
Parquet reader, and asked three things: how surprising is this key in this context (`backoff`), has
this context any history at all, and how likely is the next event to be new (`maturity`).
What is counted is declared as a `Conditional` by each feature family.
"""

from rtml.baselines.baseline import Baseline, learn, merge
from rtml.baselines.conditional import Conditional, Level, Selection

__all__ = ["Baseline", "Conditional", "Level", "Selection", "learn", "merge"]
