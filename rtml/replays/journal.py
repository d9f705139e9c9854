"""What happens in a sitting, written down at once: one JSON object a line, safe against any end."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from rtml.reading.json_text import json_of

__all__ = ["Journal", "read_journal"]


class Journal:
    """Append facts; several threads may."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write(self, what: str, **facts: Any) -> None:
        """Append one fact of kind ``what``."""
        line = json.dumps({"what": what, **facts})
        with self._lock, self._path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Read the facts of a journal; a last line that was cut off is left out.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "journal.jsonl"
    >>> Journal(path).write("note", text="hello")
    >>> _ = path.write_text(path.read_text() + '{"what": "cut')
    >>> read_journal(path)
    [{'what': 'note', 'text': 'hello'}]
    """
    facts = []
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            facts.append(json_of(line))
        except ValueError:
            continue
    return facts
