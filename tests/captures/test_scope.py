"""What is out of scope is left out and counted, from the next batch on."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture, check_capture, import_capture, open_capture, pieces
from rtml.captures.digest import digest_capture
from rtml.captures.following.follow import follow
from rtml.captures.in_scope import InScope
from rtml.captures.scope import SOURCES, Scope, read_scope
from rtml.errors import UsageError
from rtml.schema import KINDS
from tests.captures.following.logs import lines, log_in, rows
from tests.captures.following.test_follow import ONCE, to_the_end
from tests.samples import shipped


def scope_in(folder: Path, text: str) -> Path:
    (folder / "scope.yml").write_text(text)
    return folder / "scope.yml"


def test_every_kind_is_of_one_source():
    assert sorted(kind for kinds in SOURCES.values() for kind in kinds) == sorted(KINDS)


@pytest.mark.parametrize("in_blocks", [False, True])
def test_sources_and_names_are_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_blocks: bool
):
    monkeypatch.setattr(pieces, "STREAMED", 1 if in_blocks else 10**12)
    log = log_in(tmp_path, b"".join(lines()))
    whole = import_capture("bpftrace", [log], tmp_path / "whole")
    names = {c.container_id: c.container_name for c in whole.containers if c.container_name}
    container, name = next(iter(names.items()))
    text = f"scope:\n  sources: {{dns: false, network: false}}\n  containers: {{exclude: ['{name[:-1]}?']}}"
    manifest = import_capture("bpftrace", [log], tmp_path / "c", scope_in(tmp_path, text))
    events = open_capture(tmp_path / "c").events().collect()
    assert not {"dns", "connect", "accept"} & set(events["kind"].cast(pl.String))
    assert container not in events["container_id"].cast(pl.String).to_list()
    assert set(manifest.left_out) == {"containers", "dns", "network"}
    assert manifest.events + sum(manifest.left_out.values()) == whole.events
    assert [c.name for c in check_capture(open_capture(tmp_path / "c")) if c.grave and not c.ok] == []


def test_include_keeps_only_what_has_the_name(tmp_path: Path):
    (file,) = shipped("k8s-audit")
    whole = import_capture("k8s-audit", [file], tmp_path / "whole")
    text = "scope: {namespaces: {include: [no-such-*]}}"
    manifest = import_capture("k8s-audit", [file], tmp_path / "c", scope_in(tmp_path, text))
    assert (manifest.events, manifest.audit, manifest.left_out) == (0, 0, {"namespaces": whole.events})


def test_following_obeys_a_change_from_the_next_batch_on(tmp_path: Path):
    log, scope = log_in(tmp_path, b"".join(lines()[:600])), scope_in(tmp_path, "scope: {}")
    follow("bpftrace", str(log), tmp_path / "c", ONCE, scope=scope)
    first = open_capture(tmp_path / "c").manifest.events
    scope_in(tmp_path, "scope: {sources: {file: false, network: false, dns: false, process: false}}")
    with log.open("ab") as file:
        file.writelines(lines()[600:])
    manifest = follow("bpftrace", str(log), tmp_path / "c", ONCE, scope=scope)
    assert manifest.events == first > 0
    assert sum(manifest.left_out.values()) > 0
    assert rows(tmp_path / "c").height == first
    assert to_the_end(log, tmp_path / "c").left_out == manifest.left_out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scope: {namespace: {}}", "unknown key 'namespace' in scope; did you mean 'namespaces'"),
        ("scop: {}", "unknown key 'scop' in the file; did you mean 'scope'"),
        ("scope: {sources: {netwrk: false}}", "unknown key 'netwrk' in sources; did you mean 'network'"),
        ("scope: {images: {includ: [a]}}", "unknown key 'includ' in images; did you mean 'include'"),
        ("scope: {accounts: {include: [123]}}", "put numbers into quotes"),
        ("scope: {sources: {dns: perhaps}}", "dns of sources is true or false"),
        ("scope: [a]", "scope is a mapping"),
        ("[a]", "a scope is a mapping"),
    ],
)
def test_a_wrong_scope_says_where_and_what(tmp_path: Path, text: str, words: str):
    with pytest.raises(UsageError, match=words):
        read_scope(scope_in(tmp_path, text))


def test_a_capture_within_a_scope_is_seen_without_the_rest(lab: Capture):
    all_names = sorted(lab.containers()["container_name"].drop_nulls())
    seen = InScope.of(lab, Scope(off=("dns",), exclude={"containers": (all_names[0][:-1] + "?",)}))
    events = seen.events(["kind", "container_name"]).collect()
    assert "dns" not in set(events["kind"].cast(pl.String))
    assert all_names[0] not in set(events["container_name"].cast(pl.String))
    assert 0 < events.height < lab.manifest.events
    assert digest_capture(seen) != digest_capture(lab)
    assert InScope.of(lab, Scope()) is lab
