"""The analyst's desk: hunt in a capture, look at incidents, say what they were.

`hunt` ranks incidents; an `Incident` shows its tree, timeline, peers and reasons, takes a verdict, and
becomes a rule. Scores, findings and trees come from the other rooms: nothing is computed twice.
"""

from rtml.analyst.distilling import Distilled
from rtml.analyst.happened import Events
from rtml.analyst.hunting import Hunt, hunt
from rtml.analyst.incident import Incident
from rtml.analyst.learnt import model_for, promised
from rtml.analyst.rows import Rows
from rtml.analyst.versions import versions

__all__ = ["Distilled", "Events", "Hunt", "Incident", "Rows", "hunt", "model_for", "promised", "versions"]
