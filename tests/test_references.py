"""Names of ours that documents and docstrings mention are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from rtml.tracking.tags import TAGS

ROOT = Path(__file__).parents[1]
TEXTS = [
    *sorted((ROOT / "rtml").rglob("*.py")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
]
DOTTED = re.compile(r"`(rtml(?:\.[A-Za-z_]\w*)+)`")
GROUPS = {"rtml.sensors", "rtml.engines", "rtml.formats", "rtml.exports", "rtml.sinks", "rtml.audit_features"}
"""Groups of entry points: names that no module has."""
FILES = re.compile(r"`(rtml/[\w/.-]+\.(?:py|yml|bt))`")


def resolves(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[split:]:
            fields = getattr(thing, "__dataclass_fields__", {})
            if not hasattr(thing, attribute) and attribute not in fields:
                return False
            thing = getattr(thing, attribute, None)
        return True
    return False


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_mentioned_is_there(path: Path):
    text = path.read_text("utf-8")
    names = sorted(set(DOTTED.findall(text)) - GROUPS - TAGS.keys())
    assert [name for name in names if not resolves(name)] == []
    files = [name for name in sorted(set(FILES.findall(text))) if "NAME" not in name]
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_a_name_that_is_gone_is_seen():
    assert resolves("rtml.train") and resolves("rtml.models.Model.score")
    assert not resolves("rtml.models.bundle") and not resolves("rtml.models.Model.scores")
