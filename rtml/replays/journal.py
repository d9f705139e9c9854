"""What happens in a sitting, written down at once: one JSON object a line, safe against any end."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Self

__all__ = ["Journal", "read_journal"]


class Journal:
    """Append facts; several threads may."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, what: str, **facts: Any) -> None:
        """Append one fact of kind ``what``."""
        line = json.dumps({"what": what, **facts})
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()

    def __enter__(self) -> Self:
        """Write within a block; the file is closed at its end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._stream.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Read the facts of a journal; a last line that was cut off is left out.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "journal.jsonl"
    >>> with Journal(path) as journal:
    ...     journal.write("note", text="hello")
    >>> _ = path.write_text(path.read_text() + '{"what": "cut')
    >>> read_journal(path)
    [{'what': 'note', 'text': 'hello'}]
    """
    facts = []
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            facts.append(json.loads(line))
        except ValueError:
            continue
    return facts
