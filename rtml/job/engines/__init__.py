"""Engines: who runs the shards of a job, and where.

An engine runs one function, `rtml.job.shard.read_shard`, for each of some tasks, anywhere and in any order,
and hands back what it gives or why it failed. It shuffles nothing and decides nothing, so all engines give
the same bits.
"""

from rtml.job.engines.contract import Engine, Machines, Outcome
from rtml.registered import ENGINES as _OURS
from rtml.registry import Registry

__all__ = ["ENGINES", "Engine", "Machines", "Outcome"]

ENGINES: Registry[Engine] = Registry("engine", "rtml.engines", _OURS, lambda entry: isinstance(entry, Engine))
"""Engines by name."""
