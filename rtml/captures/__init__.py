"""Captures: sensor output becomes one event table in a folder, with a manifest.

`import_capture` makes one, `open_capture` opens one (`Capture`: lazy events, processes with their
lineage, containers), `check_capture` holds it against its manifest.
"""

from rtml.captures.check import Check, check_capture
from rtml.captures.importing import import_capture
from rtml.captures.joining import open_captures
from rtml.captures.manifest import Manifest
from rtml.captures.store import Capture, open_capture

__all__ = ["Capture", "Check", "Manifest", "check_capture", "import_capture", "open_capture", "open_captures"]
