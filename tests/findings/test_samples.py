"""Samples: one of every type, valid in every format, flagged, the same ids each time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rtml.findings.exports import EXPORTS, HERE
from rtml.findings.remediation import advised
from rtml.findings.samples import samples
from tests.findings.validators import VALIDATORS
from tests.test_cli import rtml

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_samples_are_valid_in_every_format(name: str):
    content = EXPORTS[name].write(samples(AT), HERE)
    documents = VALIDATORS[name](content)
    assert b"ample" in content
    assert name == "navigator" or len(documents) == len(advised())


def test_ids_are_the_same_at_any_time_and_no_other_findings_have_them():
    first, later = samples(AT), samples(AT + dt.timedelta(days=9))
    assert first["finding_id"].equals(later["finding_id"]) and first["finding_id"].is_unique().all()
    assert first["sample"].all() and set(first["type"]) == set(advised())


def test_the_command_writes_them_whole_and_names_what_it_does_not_know(tmp_path: Path):
    done = rtml("findings", "sample", "--format", "guardduty", "--out", tmp_path / "s.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(VALIDATORS["guardduty"]((tmp_path / "s.jsonl").read_bytes())) == len(advised())
    for wrong, hint in (("gardduty", "did you mean 'guardduty'?"), ("xml", "known: asff")):
        done = rtml("findings", "sample", "--format", wrong)
        assert done.returncode == 2 and hint in done.stderr and not done.stdout
    done = rtml("findings", "sample", "--out", "s3://bucket/x")
    assert done.returncode == 2 and "on this machine only" in done.stderr and not Path("s3:").exists()
