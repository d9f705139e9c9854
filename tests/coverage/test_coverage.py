"""What a capture covers: silence is told from blindness, and what cannot be found is said."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures import import_capture, open_capture
from rtml.cli import app
from rtml.coverage import Coverage, coverage_of
from rtml.rules.running.evaluate import evaluate
from rtml.rules.sigma.loading import load_pack
from tests.captures.inventories import alert
from tests.captures.test_bpftrace import line
from tests.samples import shipped


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    place = tmp_path_factory.mktemp("covered")
    second = 10**9
    lines = [
        line("exec", 900, "/bin/sh", t=1 * second),
        line("connect", 0, 3, r"\x02\x00\x00\x50\x0a\x00\x00\x01", t=2 * second),
        line("fork", 9, t=1000 * second),
    ]
    (place / "log").write_text("\n".join(lines) + "\n")
    import_capture("bpftrace", [place / "log"], place / "c")
    return coverage_of(open_capture(place / "c"))


def test_gaps_and_what_was_not_seen(covered: Coverage):
    (gap,) = covered.gaps.to_dicts()
    assert (gap["host"], gap["seconds"]) == ("localhost", 998.0)
    assert covered.hosts["longest_gap"].to_list() == [998.0]
    assert (covered.kinds["exec"], covered.kinds["dns"], covered.kinds["audit"]) == (1, 0, None)
    assert any("outside containers" in fact for fact in covered.amiss)
    assert any("since a boot" in fact for fact in covered.amiss)


def test_families_say_why_not(covered: Coverage):
    families = {row["family"]: row for row in covered.families.to_dicts()}
    assert families["binaries"]["supported"] == "yes"
    assert families["destinations"]["supported"] == "partly"
    assert "destinations.domain: the capture has no dns events" in families["destinations"]["why_not"]
    assert families["dns"]["why_not"] == "the capture has no dns events"
    assert families["audit"]["why_not"] == "the sensor cannot see audit events"


def test_types_agree_with_the_account_of_rules(covered: Coverage, tmp_path: Path):
    types = {row["type"]: row for row in covered.types.to_dicts()}
    assert len(types) == 46
    assert types["DefenseEvasion:Runtime/KernelModuleLoaded"]["supported"] == "partly"
    assert "module_load" in types["DefenseEvasion:Runtime/KernelModuleLoaded"]["why_not"]
    assert types["Impact:Runtime/AbusedDomainRequest.Reputation"]["supported"] == "no"
    assert types["UnauthorizedAccess:Runtime/TorRelay"]["supported"] == "data"
    assert types["Execution:Runtime/MaliciousFileExecuted"]["why_not"] == "always null here: exe_sha256"
    (tmp_path / "log").write_text(line("exec", 900, "/bin/sh") + "\n")
    import_capture("bpftrace", [tmp_path / "log"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    rules = load_pack("container")[0]
    able = evaluate(capture, rules).table.filter("could_match")["type"].to_list()
    supported = coverage_of(capture).types.filter(pl.col("supported").is_in(["yes", "partly"]))
    assert set(supported["type"]) >= set(able) & set(types)


def test_a_silent_host_and_a_clock_that_is_ahead(lab):
    early = coverage_of(lab, now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert any("a clock is ahead" in fact for fact in early.amiss)
    assert early.gaps.is_empty()
    assert coverage_of(lab, dt.timedelta(seconds=5)).gaps.height > 0


def test_the_audit_log_supports_its_family_only(tmp_path: Path):
    import_capture("k8s-audit", list(shipped("k8s-audit")), tmp_path / "c")
    done = CliRunner().invoke(app, ["capture", "coverage", str(tmp_path / "c"), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    families = {row["family"]: row["supported"] for row in found["families"]}
    assert families["audit"] in ("yes", "partly")
    assert families["binaries"] == "no"
    assert {row["supported"] for row in found["types"]} == {"no"}


def test_an_empty_capture_supports_nothing(tmp_path: Path):
    (tmp_path / "log").write_text('{"type": "attached_probes", "data": {"probes": 1}}\n')
    import_capture("bpftrace", [tmp_path / "log"], tmp_path / "c")
    covered = coverage_of(open_capture(tmp_path / "c"))
    assert set(covered.types["supported"]) == set(covered.families["supported"]) == {"no"}
    assert covered.hosts.is_empty()


@pytest.fixture(scope="module")
def nameless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nameless")
    import_capture("auditd", list(shipped("auditd")), place / "c")
    return place / "c"


def test_a_capture_without_containers_says_why_nothing_can_match(nameless: Path):
    covered = coverage_of(open_capture(nameless))
    assert "no event is of a container" in covered.amiss[0] and "laurel" in covered.amiss[0]
    reasons = dict(covered.families.select("family", "why_not").iter_rows())
    assert "exec event is of a container: auditd named no container at all" in reasons["binaries"]
    for command in (["rules"], ["capture", "info"], ["capture", "coverage"]):
        done = CliRunner().invoke(app, [*command, str(nameless)])
        assert done.exit_code == 0
        assert "rules and models look at containers alone" in " ".join(done.output.split()), command
    shown = " ".join(CliRunner().invoke(app, ["rules", str(nameless)]).output.split())
    assert "x no exec event is of a container: auditd named no container at all" in shown
    document = json.loads(CliRunner().invoke(app, ["rules", str(nameless), "--json"]).output)
    assert "laurel" in document["nameless"]
    assert any("named no container at all" in (rule["why_not"] or "") for rule in document["rules"])


def test_a_capture_with_containers_says_of_a_kind_that_only_the_host_has_it(tmp_path: Path):
    log = "".join([alert(0, "0123456789ab"), alert(1, None, **{"evt.type": "execve"})])
    (tmp_path / "falco.json").write_text(log)
    import_capture("falco", [tmp_path / "falco.json"], tmp_path / "c")
    covered = coverage_of(open_capture(tmp_path / "c"))
    assert not any("no event is of a container" in fact for fact in covered.amiss)
    reasons = dict(covered.families.select("family", "why_not").iter_rows())
    assert reasons["binaries"] == "no exec event is of a container"
