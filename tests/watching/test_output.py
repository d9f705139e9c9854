"""What was told stands where it should exactly once, wherever a kill came between."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from rtml.errors import UsageError
from rtml.findings.exports import EXPORTS
from rtml.findings.jsonl import from_jsonl
from rtml.schema import FINDINGS, conform
from rtml.watching.ledger import Ledger
from rtml.watching.output import Output, open_output

LINES = ['{"n": 1, "text": "\N{LATIN SMALL LETTER E WITH ACUTE}"}\n', '{"n": 2}\n', '{"n": 3}\n']


def output(place: Path) -> Output:
    return open_output(place / "f.jsonl", EXPORTS["jsonl"], place / "told")


@pytest.mark.parametrize("written", range(len("".join(LINES).encode()) + 1))
def test_a_file_gets_the_rest_whatever_of_it_was_written(tmp_path: Path, written: int):
    """Killed while it wrote, at every byte: before the note of the lines that stand there."""
    (tmp_path / "f.jsonl").write_text("before\n")
    raw = "".join(LINES).encode()
    first = output(tmp_path)
    first._note(7, 7, os.stat(tmp_path / "f.jsonl").st_ino, 0)
    with (tmp_path / "f.jsonl").open("ab") as file:
        file.write(raw[:written])
    for _ in range(2):  # and whoever starts once more adds nothing
        output(tmp_path).tell(7, LINES)
    assert (tmp_path / "f.jsonl").read_bytes() == b"before\n" + raw


def test_a_pipe_gets_the_lines_that_were_not_noted(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    place = open_output(None, EXPORTS["jsonl"], tmp_path / "told")
    reading, writing = os.pipe()
    saved = os.dup(1)
    os.dup2(writing, 1)
    try:
        with capfd.disabled():
            place._note(3, 0, os.fstat(1).st_ino, 2)
            os.write(1, b"")
    finally:
        os.dup2(saved, 1)
    assert place._begun(3, _Pipe(writing))["lines"] == 2
    os.close(reading)


class _Pipe:
    """Stands for a `rtml.watching.stream.Stream`."""

    def __init__(self, descriptor: int) -> None:
        self.inode, self.size = os.fstat(descriptor).st_ino, 0


def finding(**facts: object) -> pl.DataFrame:
    return conform(
        pl.DataFrame({"finding_id": ["f"], **{name: [value] for name, value in facts.items()}}), FINDINGS
    )


def test_hostile_ends_of_lines_are_no_ends_of_findings(tmp_path: Path):
    odd = finding(exe="/bin/\u2028x\x85y\x0b", count=1)
    for form in ("jsonl", "ocsf", "cef"):
        (line,) = open_output(None, EXPORTS[form], tmp_path / "told").lines(odd)
        assert line.endswith("\n") and line.count("\n") == 1
    assert Ledger().new(odd, growing=()).height == 1


def test_a_document_of_many_findings_goes_into_a_folder_once(tmp_path: Path):
    for target in (None, tmp_path / "f.csv"):
        with pytest.raises(UsageError, match="csv is a document of many findings"):
            open_output(target, EXPORTS["csv"], tmp_path / "told")
    place = open_output(tmp_path / "out", EXPORTS["parquet"], tmp_path / "told")
    for _ in range(2):
        place.tell(4, place.lines(finding(count=1)))
    (file,) = (tmp_path / "out").iterdir()
    assert pl.read_parquet(file)["finding_id"].to_list() == ["f"] and file.name == "findings-00000004.parquet"


def test_what_does_not_stand_any_more_is_told_as_withdrawn():
    ledger = Ledger()
    at = pl.Series([1]).cast(pl.Datetime("ns", "UTC"))
    one = finding(count=3, severity=5.0, title="odd").with_columns(last_seen=at)
    ledger.new(one, growing={"f"})
    before, after = at[0], at.dt.offset_by("1m")[0]
    assert ledger.gone([], before, final=True).is_empty(), "its time is not settled yet"
    (gone,) = ledger.gone([], after, final=False).to_dicts()
    assert (gone["finding_id"], gone["count"], gone["severity"]) == ("f", 0, 0.0)
    assert gone["title"] == "withdrawn: odd"
    assert ledger.gone([], after, final=False).is_empty() and ledger.new(one, growing={"f"}).is_empty()
    assert ledger.new(one, growing={"f"}, now=True).height == 1, "it stands after all"
    assert ledger.gone([], after, final=True).height == 1 and ledger.told == {}
    assert from_jsonl("").is_empty()


def test_a_finding_is_told_again_when_graver_or_complete_and_not_for_every_event():
    ledger = Ledger()
    first, more, graver = (finding(count=n, severity=s) for n, s in ((1, 5.0), (2, 5.0), (3, 8.0)))
    heights = [ledger.new(one, growing={"f"}).height for one in (first, more, graver, graver)]
    assert heights == [1, 0, 1, 0]
    assert ledger.new(finding(count=4, severity=8.0), growing={"f"}, now=True).height == 1
    assert ledger.new(finding(count=4, severity=8.0), growing=()).height == 0, "nothing new in the end"
