"""Lists that users give to rules (`--lists`): what guards nothing is an error, or said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rtml.errors import UsageError
from rtml.rules.running.run import load_all
from rtml.rules.sigma.placeholders import rule_lists
from tests.rules.sigma_text import document

OURS = "allowed_users: [alice]\n"


def loaded(tmp_path: Path, text: str, packs: tuple[str, ...] = ("k8s-audit",), sigma: str = ""):
    file = tmp_path / "lists.yml"
    file.write_text(text)
    rules = tmp_path / "rules"
    rules.mkdir(exist_ok=True)
    if sigma:
        (rules / "r.yml").write_text(sigma)
    told = load_all([rules] if sigma else [], packs, lists=file)[1]
    return [one.reason for one in told if one.file == str(file)]


@pytest.mark.parametrize(
    "text", ["", "{}", "# nothing\n", "allowed_users: []", "a: {append: []}", "a: []\nb: []"]
)
def test_a_file_without_an_entry_guards_nothing(tmp_path: Path, text: str):
    with pytest.raises(UsageError, match=r"lists\.yml"):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    "text", ['allowed_users: [""]', "allowed_users: [alice, ' ']", "a: {append: ['\t']}"]
)
def test_an_empty_entry_is_named(tmp_path: Path, text: str):
    with pytest.raises(UsageError, match=r"entry \d is empty|tab|\\t"):
        loaded(tmp_path, text)


def test_a_name_that_no_list_has_is_an_error(tmp_path: Path):
    with pytest.raises(UsageError, match="alowed_users.*did you mean 'allowed_users'"):
        loaded(tmp_path, OURS + "alowed_users: [bob]")


def test_lists_of_which_no_rule_names_one_are_an_error(tmp_path: Path):
    with pytest.raises(UsageError, match="allowed_users: no rule that is loaded names this list.*k8s-audit"):
        loaded(tmp_path, OURS, packs=("container",))


def test_what_changes_nothing_beside_what_does_is_said(tmp_path: Path):
    names = yaml.safe_dump(document({"s": {"Image|expand": "%tools%"}, "condition": "s"}))
    told = loaded(tmp_path, "tools: [/bin/nc]\nallowed_users: [bob]", packs=(), sigma=names)
    assert told == ["list 'allowed_users': no rule that is loaded names this list"]
    told = loaded(tmp_path, OURS + "host_pid_images: []")
    assert told == ["list 'host_pid_images': is empty: nothing is on it"]
    assert loaded(tmp_path, OURS) == []


def test_nothing_is_said_without_a_file():
    assert load_all(packs=("container",))[1] == []
    assert rule_lists().idle() == []
