"""The page on lists says what the program does: its examples are read, its tables compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from rtml.findings.suppression.files import read_suppressions
from rtml.findings.suppression.filters import TESTS
from rtml.rules.intelligence.categories import categories
from rtml.rules.intelligence.description import described
from rtml.rules.reputation.categories import CATEGORIES
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs/lists-and-suppression.md").read_text("utf-8")
LISTS, QUIET = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)


def test_the_examples_are_read(tmp_path: Path):
    (tmp_path / "lists.yml").write_text(LISTS)
    (tmp_path / "quiet.yml").write_text(QUIET)
    assert [one.name for one in described(tmp_path / "lists.yml")] == [
        row["name"] for row in yaml.safe_load(LISTS)["lists"]
    ]
    assert len(read_suppressions(tmp_path / "quiet.yml")) == 1


@pytest.mark.parametrize("names", [categories(), CATEGORIES, TESTS], ids=["lists", "names", "tests"])
def test_every_category_and_test_is_on_the_page(names):
    assert [name for name in names if f"`{name}`" not in PAGE] == []
