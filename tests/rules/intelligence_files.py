"""Lists as files, for tests."""

from __future__ import annotations

import json
from pathlib import Path

from rtml.rules.intelligence import load_intelligence


def load(folder: Path, text: str | bytes, **more):
    file = folder / "list"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    one = {"name": "n", "file": "list", "category": "command-and-control", "may_be_empty": True, **more}
    (folder / "lists.yml").write_text(json.dumps({"lists": [one]}))
    return load_intelligence([folder / "lists.yml"])


def entries(loaded) -> list[str]:
    return [value for kind in loaded.entries.values() for value in kind["entry"]]


def reasons(loaded) -> list[tuple[int, str]]:
    return loaded.rejects.select("line", "reason").rows()


def bundle(*patterns: object, **more: object) -> str:
    made = [{"type": "indicator", "pattern_type": "stix", "pattern": p, **more} for p in patterns]
    return json.dumps({"type": "bundle", "objects": [{"type": "identity"}, *made, 3]})
