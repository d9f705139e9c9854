"""The scoring job: what is new in captures that grow is judged, exactly once, whatever happens on the way.

Captures (`inputs`) are known by digest (`known`). A day of them is a unit (`plan`): it is cut into shards
(`tasks`), each a pure function of its captures (`shard`) that an engine runs somewhere (`engines`); the trees
of all shards are judged together (`judging`). A day is committed by its key, in one place (`days`), and what
people read is made of committed days (`publishing`). So a job may be killed anywhere: the next one finds what
is done, does the rest, and ends with the same bytes. Engines read the events of a training too (`training`).
"""

from typing import TYPE_CHECKING

from rtml.lazy import lazily

if TYPE_CHECKING:
    from rtml.job.running import run_job
    from rtml.job.training import readers

__all__ = ["readers", "run_job"]

# Every worker imports this package, and runs no job.
__getattr__, __dir__ = lazily(__name__, {"readers": "rtml.job.training", "run_job": "rtml.job.running"})
