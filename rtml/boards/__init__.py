"""One leaderboard over many data sets: each that is there is judged in its own unit.

`rtml.boards.config` reads ``experiments/leaderboard.yml``; `rtml.boards.material` and `rtml.boards.events`
turn a prepared set into rows to learn, to calibrate and to judge; `rtml.boards.scoring` scores and flags
them by every side; `rtml.evaluation.tables` judges; `rtml.boards.running` puts all into one table, published
numbers among it.
"""

from rtml.boards.config import Leaderboard, load_leaderboard
from rtml.boards.entries import BOARD
from rtml.boards.running import Board, run_leaderboard

__all__ = ["BOARD", "Board", "Leaderboard", "load_leaderboard", "run_leaderboard"]
