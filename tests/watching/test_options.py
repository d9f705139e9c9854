"""What a user may ask of a watch, and what a watch says of itself."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures.following.follow import Pulse
from rtml.cli import app
from rtml.findings.exports import EXPORTS
from rtml.findings.jsonl import from_jsonl
from rtml.findings.suppression.files import read_suppressions
from rtml.models.pace import Pace
from rtml.watching.watch import watch
from tests.watching.shops import Shop, batch, cut, same, told, watched


def test_the_command_tells_on_standard_output_and_says_the_rest_elsewhere(falco: Shop, tmp_path: Path):
    log = falco.log(tmp_path)
    done = CliRunner().invoke(app, ["watch", "falco", str(log), "--model", str(falco.model), "--once"])
    assert done.exit_code == 0, done.output
    lines = from_jsonl(done.stdout)
    assert lines["finding_id"].n_unique() >= falco.found.height
    assert "falco cannot report its events" in done.stderr and "findings told" in done.stderr
    (tmp_path / "f.jsonl").write_text(done.stdout)
    same(told(tmp_path / "f.jsonl"), falco.found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pack", "none"], "nobody judges"),
        (["--format", "csv"], "csv is a document of many findings"),
        (["--hold", "soon"], "hold 'soon'"),
        (["--send", "nowhere=x"], "unknown sink 'nowhere'"),
        (["--budget", "0"], "above 0"),
    ],
)
def test_wrong_use_is_refused_at_once(falco: Shop, tmp_path: Path, options: list[str], message: str):
    done = CliRunner().invoke(app, ["watch", "falco", str(falco.log(tmp_path)), "--once", *options])
    assert done.exit_code != 0 and message in f"{done.output} {done.exception}"


def test_rules_alone_and_a_model_alone_are_what_their_batch_job_is(falco: Shop, tmp_path: Path):
    log = falco.log(tmp_path)
    for name, judges in (("rule", falco.judges(model=None)), ("model", falco.judges(rules=None))):
        watched(falco, log, tmp_path / f"{name}.jsonl", judges=judges)
        same(told(tmp_path / f"{name}.jsonl"), falco.found.filter(pl.col("source") == name))


def test_suppressed_findings_are_not_told(falco: Shop, tmp_path: Path):
    kind = "CredentialAccess:Runtime/SensitiveFileRead"
    (tmp_path / "quiet.yml").write_text(
        f"- {{name: n, owner: o, reason: r, expires: 2199-01-01, where: {{type: '{kind}'}}}}\n"
    )
    quiet = read_suppressions(tmp_path / "quiet.yml")
    judges = falco.judges(model=None, suppressions=quiet)
    watched(falco, falco.log(tmp_path), tmp_path / "f.jsonl", judges=judges)
    rules = falco.found.filter(pl.col("source") == "rule")
    assert kind in rules["type"].to_list()
    same(told(tmp_path / "f.jsonl"), rules.filter(pl.col("type") != kind))


def test_a_scope_is_obeyed_from_the_next_batch_on(falco: Shop, tmp_path: Path):
    scope, half = tmp_path / "scope.yml", len(falco.lines) // 2
    scope.write_text("scope: {images: {include: ['shop/web*']}}")
    log, said = falco.log(tmp_path, falco.lines[:half]), list[str]()
    options = {"state": tmp_path / "state", "scope": scope, "say": said.append}
    watched(falco, log, tmp_path / "f.jsonl", judges=falco.judges(model=None), **options)
    assert set(told(tmp_path / "f.jsonl")["container_name"]) == {"web-1"}
    assert any("out of scope" in text for text in said)
    scope.write_text("scope: {images: {include: ['shop/app*']}}")
    falco.log(tmp_path, falco.lines)
    watched(falco, log, tmp_path / "f.jsonl", judges=falco.judges(model=None), **options)
    late = told(tmp_path / "f.jsonl").filter(pl.col("first_seen").dt.minute() > 45)
    assert set(late["container_name"]) == {"app-1"}


def test_online_detectors_learn_or_do_not(falco: Shop, tmp_path: Path):
    states = {}
    for learning in (True, False):
        judges = falco.judges(rules=None, pace=Pace(learning=learning))
        assert judges.model is not None
        before = judges.model.detectors["half_space_trees"]
        first = _digest(before, tmp_path / f"before-{learning}")
        log, pieces = falco.log(tmp_path / str(learning), []), cut(b"".join(falco.lines), 3, seed=1)
        watched(falco, log, tmp_path / f"{learning}.jsonl", judges=judges, pieces=pieces)
        after = judges.model.detectors["half_space_trees"]
        states[learning] = (first, _digest(after, tmp_path / f"after-{learning}"))
        held = judges.model.ongoing.held if judges.model.ongoing else pl.DataFrame()
        assert held.height > 0, "what alarmed is held back"
    assert states[True][0] != states[True][1] and states[False][0] == states[False][1]


def _digest(detector: object, folder: Path) -> str:
    detector.save(folder)  # type: ignore[attr-defined]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def test_what_is_told_is_sent_and_kept_where_nobody_takes_it(falco: Shop, tmp_path: Path):
    sent: list[pl.DataFrame] = []

    def sending(findings: pl.DataFrame, spool: Path) -> None:
        sent.append(findings)
        assert spool == tmp_path / "state" / "spool"

    judges = falco.judges(model=None)
    watched(falco, falco.log(tmp_path), tmp_path / "f.jsonl", judges=judges, state=tmp_path / "state",
            sent=sending)  # fmt: skip
    told_ids = from_jsonl((tmp_path / "f.jsonl").read_text("utf-8"))["finding_id"]
    assert pl.concat(sent)["finding_id"].to_list() == told_ids.to_list()


def test_without_news_this_machines_clock_closes_windows_and_ends_the_hold(
    falco: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A log falls silent after an attack: rules tell when its minute is over, models when the hold is."""
    until = next(n for n, line in enumerate(falco.lines) if b"T07:35:" in line)
    log = falco.log(tmp_path, falco.lines[:until])
    fast = SimpleNamespace(monotonic=lambda: time.monotonic() * 200)
    monkeypatch.setattr("rtml.watching.watcher.time", fast)
    said, begun = list[str](), time.monotonic()
    wanted = set(batch("falco", falco.log(tmp_path / "b", falco.lines[:until]), falco.model)["finding_id"])

    def stopped() -> bool:
        ids = set(told(tmp_path / "f.jsonl")["finding_id"])
        return ids == wanted or time.monotonic() - begun > 120

    pulse = Pulse(seconds=0.1, stopped=stopped, sleep=0.05)
    watch("falco", str(log), falco.judges(), EXPORTS["jsonl"], out=tmp_path / "f.jsonl",
          state=tmp_path / "state", pulse=pulse, say=said.append)  # fmt: skip
    assert {"rule", "model"} == set(told(tmp_path / "f.jsonl")["source"])
    assert set(told(tmp_path / "f.jsonl")["finding_id"]) == wanted


def test_a_log_that_shrinks_and_a_sensor_that_loses_are_said(falco: Shop, tmp_path: Path):
    log, said = falco.log(tmp_path, falco.lines[:200]), list[str]()
    options = {"state": tmp_path / "state", "say": said.append, "judges": falco.judges(model=None)}
    watched(falco, log, tmp_path / "f.jsonl", **options)
    log.unlink()
    log.write_bytes(b"no json\n" + b"".join(falco.lines[150:400]))
    watched(falco, log, tmp_path / "f.jsonl", **{**options, "judges": falco.judges(model=None)})
    assert any(text.startswith("1 breaks in the log") for text in said)
