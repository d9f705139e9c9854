"""What a notebook cell shows of our values: markup that is built, never pasted, and plain text.

Strings of a capture are hostile: they are escaped, and control characters and direction overrides
are spelled out.
"""

from rtml.showing.shown import Shown
from rtml.showing.tables import facts, table

__all__ = ["Shown", "facts", "table"]
