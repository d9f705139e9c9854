"""Three sinks whose receivers fail on purpose, and what arrived at each in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import stamina

from rtml.findings.exports import HERE, rows_of
from rtml.findings.exports.ecs import ecs
from rtml.findings.exports.ocsf import detection_finding
from rtml.findings.sinks import SINKS
from rtml.findings.sinks.delivering import Sent, send
from tests.findings import receivers

DOWN = [(503, {})] * 100


@dataclass
class Sinks:
    """A file, a webhook and an Elasticsearch, with one spool."""

    place: Path
    hook: receivers.Receiver
    search: receivers.Receiver
    refuses: bool = False

    def send(self, findings: pl.DataFrame) -> dict[str, Sent]:
        """Send to all three; return what became of it."""
        targets = {"file": self.file, "webhook": self.hook.url, "elasticsearch": f"{self.search.url}/f"}
        return {
            name: send(findings, SINKS[name], str(target), self.place / "spool", HERE)
            for name, target in targets.items()
        }

    @property
    def file(self) -> Path:
        return self.place / "there" / "findings.jsonl"

    @contextmanager
    def failing(self, name: str) -> Iterator[None]:
        """Let one fail: a folder that is gone, a receiver that is down, documents that are refused."""
        there, away = self.file.parent, self.place / "away"
        if name == "file":
            there.mkdir(exist_ok=True)
            there.rename(away)
            there.touch()
        elif name == "webhook":
            self.hook.answers += DOWN
        self.refuses = name == "elasticsearch"
        yield
        if name == "file":
            there.unlink()
            away.rename(there)
        self.hook.answers.clear()
        self.refuses = False

    def arrived(self) -> dict[str, list[tuple[str, Any]]]:
        """Return by sink the id and the content of every finding that was accepted, in order."""
        lines = [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]
        posted = [event for body in self.hook.accepted for event in json.loads(body)]
        return {
            "file": [(line["finding_info"]["uid"], line) for line in lines],
            "webhook": [(event["finding_info"]["uid"], event) for event in posted],
            "elasticsearch": [(name, document) for name, document, taken in self._documents() if taken],
        }

    def _documents(self) -> Iterator[tuple[str, Any, bool]]:
        for body, answer in zip(self.search.accepted, self.answered, strict=True):
            lines = [json.loads(line) for line in body.splitlines()]
            for item, document, said in zip(lines[::2], lines[1::2], answer["items"], strict=True):
                yield item["index"]["_id"], document, said["index"]["status"] < 300

    def __post_init__(self) -> None:
        self.answered: list[dict[str, Any]] = []
        self.search.usual = self._answer

    def _answer(self, body: bytes) -> dict[str, Any]:
        """Take every document, or every second one."""
        number = body.count(b"\n") // 2
        codes = [400 if self.refuses and n % 2 else 201 for n in range(number)]
        said = {"errors": self.refuses, "items": [{"index": {"status": code}} for code in codes]}
        self.answered.append(said)
        return said


@contextmanager
def three_sinks(place: Path) -> Iterator[Sinks]:
    with ExitStack() as stack:
        yield Sinks(place, *(stack.enter_context(receivers.http()) for _ in range(2)))


@contextmanager
def quick_retries() -> Iterator[None]:
    """Try again at once, and three times."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def meant(findings: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return by sink what it should hold in the end: the content by id."""
    rows = list(rows_of(findings))
    ocsf = {row["finding_id"]: json.loads(json.dumps(detection_finding(row, HERE))) for row in rows}
    own = {row["finding_id"]: json.loads(json.dumps(ecs(row, HERE))) for row in rows}
    return {"file": ocsf, "webhook": ocsf, "elasticsearch": own}
