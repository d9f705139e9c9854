"""What the notebooks show: tables, process trees and small pictures that are safe to look at.

Every function takes frames and returns a `Shown`, which Jupyter draws and which prints as plain
text where nothing is drawn. Nothing here computes a result: scores, findings and trees come from
the other rooms. Strings of a capture are hostile: they are escaped, and control characters and
direction overrides are spelled out.
"""

from rtml.notebook.activity import activity
from rtml.notebook.alerted import alerts_of
from rtml.notebook.beginning import begin, path_of, short_errors
from rtml.notebook.connections import connections
from rtml.notebook.differences import differences
from rtml.notebook.history import history
from rtml.notebook.judged import labels_for
from rtml.notebook.peers import peers
from rtml.notebook.timeline import timeline
from rtml.notebook.trees import tree
from rtml.report.headline_picture import headline
from rtml.showing.shown import Shown
from rtml.showing.tables import facts, table

__all__ = [
    "Shown",
    "activity",
    "alerts_of",
    "begin",
    "connections",
    "differences",
    "facts",
    "path_of",
    "headline",
    "history",
    "labels_for",
    "peers",
    "short_errors",
    "table",
    "timeline",
    "tree",
]
