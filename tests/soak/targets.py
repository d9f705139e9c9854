"""What is fuzzed: every reader of the program, each with samples of what it reads."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

import rtml.rules
from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.detectors import DETECTORS
from rtml.detectors.contract import Detector, feature_columns, peer_groups
from rtml.evaluation import read_labels
from rtml.features import learn
from rtml.findings.formats import FORMATS
from rtml.findings.importing import read_alerts
from rtml.findings.reading import read_findings
from rtml.findings.suppression.files import read_suppressions
from rtml.models import Model, load_model
from rtml.models.calibration import Calibration
from rtml.models.parts import Description
from rtml.rules.falco.loading import load_falco
from rtml.rules.intelligence import load_intelligence
from rtml.rules.sigma.loading import load
from rtml.testing.events import busy
from rtml.testing.windows import windows
from tests.rules.intelligence_files import bundle
from tests.rules.sigma_over import base, held_back, over
from tests.rules.test_alerts import FALCO, TRACEE
from tests.rules.test_intelligence_feeds import FEEDS
from tests.rules.test_intelligence_stix import GOOD
from tests.samples import DATA
from tests.soak.batches import Records
from tests.soak.sensors import read_sensor, records_of, sample_files

__all__ = ["TARGETS", "Target", "put", "sensor_target"]

_PACKS = Path(rtml.rules.__file__).parent / "packs"
_OVER = yaml.safe_dump_all(
    [
        base("id"),
        base("ls"),
        over(
            "value_count",
            ["id", "ls"],
            {"gte": 2, "field": "User"},
            aliases={"who": {"id": "User", "ls": "Image"}},
        ),
        held_back(["ls"]),
    ]
).encode()
_KINDS: dict[str, dict[str, Any]] = {"isolation_forest": {"trees": 3}, "surprise": {}}


@dataclass(frozen=True)
class Target:
    """A reader: samples, and what to do with an input, which may end in an `RtmlError`.

    A target with a ``whole`` has folders of several files: the input takes the place of one of them. One
    with ``records`` is given many of them in a go, besides whole files.
    """

    samples: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    name: str = "input"
    whole: Callable[[], Path] | None = None
    records: Records | None = None


def sensor_target(name: str, given: tuple[Path, ...] = ()) -> Target:
    """Return the target of a sensor; ``given`` are samples, for those of other packages."""
    return Target(
        lambda: sample_files(name, given),
        lambda path: read_sensor(name, path),
        records=records_of(name, given),
    )


def _alerts(name: str) -> Target:
    rows = [
        FALCO,
        TRACEE,
        {"process_kprobe": {"policy_name": "p", "process": {"docker": "0" * 31}}, "time": "2027-01-01"},
    ]
    text = "\n".join(map(json.dumps, rows * 3)).encode()

    def read(path: Path) -> None:
        done = read_alerts(path, name)
        assert done.rejects.height == sum(done.rejected.values()), "rejects are not accounted for"

    return Target(lambda: [text], read)


def _list(kind: str) -> Target:
    def samples() -> list[bytes]:
        texts = [text for text, more, *_ in FEEDS.values() if more.get("format", "plain") == kind]
        return [text.encode() for text in texts] or [bundle(GOOD, f"{GOOD} OR [url:value = 'x']").encode()]

    def read(path: Path) -> None:
        columns: tuple[str | int, ...] = ("value", "dst_ip", 1) if kind == "csv" else (1,)
        for column in columns:
            one = {"name": "n", "file": path.name, "category": "tor", "format": kind, "may_be_empty": True}
            path.with_name("lists.yml").write_text(json.dumps({"lists": [{**one, "column": column}]}))
            load_intelligence([path.with_name("lists.yml")])

    return Target(samples, read)


def _texts(*folders: Path, suffix: str) -> list[bytes]:
    return [file.read_bytes() for folder in folders for file in sorted(folder.rglob(f"*{suffix}"))][:40]


FALCO_RULES = b"""
- list: shells
  items: [sh, bash, "a b"]
- macro: spawned
  condition: evt.type in (execve, execveat) and proc.name in (shells)
- rule: Shell
  desc: d
  condition: spawned and not fd.name glob "/tmp/*" and proc.cmdline contains "\\xff" or user.name = root
  output: o
  priority: NOTICE
  tags: [T1059]
  exceptions:
    - {name: known, fields: [proc.name, proc.pname], comps: [=, startswith], values: [[sh, ng]]}
"""
SUPPRESSIONS = b"""
- name: n
  owner: o
  reason: r
  expires: 2027-01-01
  where: {image: {matches: "shop/*"}, severity: {less: 5}, container_id: 0123456789ab}
"""


def _labels() -> list[bytes]:
    return [(DATA / "bpftrace/labels.jsonl").read_bytes()]


@cache
def _capture() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rtml-soak-")) / "capture"
    import_capture("bpftrace", [DATA / "bpftrace/bpftrace.jsonl.gz"], folder)
    return folder


@cache
def _model() -> Path:
    """A model of two detectors, small enough to be loaded a hundred thousand times."""
    detectors: dict[str, Detector] = {}
    for name, parameters in _KINDS.items():
        detectors[name] = DETECTORS[name](seed=1, **parameters)
        detectors[name].learn(windows())
    groups = peer_groups(windows(seed=6))
    scores = {name: detector.score(windows(seed=6)) for name, detector in detectors.items()}
    days = dict.fromkeys(groups, 0.5)
    calibrations = {name: Calibration.fit(score, groups, days) for name, score in scores.items()}
    description = Description(
        features=feature_columns(windows()),
        families=["a", "b", "binaries"],
        every="60s",
        parameters=_KINDS,
        learned_until={"web-1": "2026-01-01T00:24:00+00:00"},
        data={"capture": "ab" * 32},
        notes={"budget": 1.0},
    )
    folder = Path(tempfile.mkdtemp(prefix="rtml-soak-")) / "model"
    return Path(Model(description, detectors, calibrations, learn(*busy())).save(folder))


def _files(whole: Callable[[], Path]) -> Callable[[], list[bytes]]:
    return lambda: [file.read_bytes() for file in sorted(whole().rglob("*")) if file.is_file()]


def _open(folder: Path) -> None:
    capture = open_capture(folder)
    check_capture(capture)
    capture.events().select(pl.len()).collect()
    capture.processes().collect()


TARGETS: dict[str, Target] = {
    **{f"sensor-{name}": sensor_target(name) for name in SENSORS},
    **{f"alerts-{name}": _alerts(name) for name in FORMATS.own},
    **{f"list-{kind}": _list(kind) for kind in ("plain", "csv", "json", "stix")},
    "lists-description": Target(
        lambda: [b"lists:\n- {name: a, file: x, category: tor, match: exact, column: 2}\n"],
        lambda path: load_intelligence([path]),
    ),
    "rules-falco": Target(lambda: [FALCO_RULES], lambda path: load_falco([path]), "r.yaml"),
    "rules-sigma": Target(
            lambda: [*_texts(_PACKS, suffix=".yml"), _OVER], lambda path: load([path]), "r.yml"
        ),
    "labels-jsonl": Target(_labels, read_labels, "labels.jsonl"),
    "labels-csv": Target(
        lambda: [b"attack_id,container_id,start,end,technique\na,c,1795490205,1795490208,T1059\n" * 2],
        read_labels,
        "labels.csv",
    ),
    "suppressions": Target(lambda: [SUPPRESSIONS], read_suppressions, "s.yml"),
    "findings": Target(
        lambda: [b'{"finding_id":"f","container_id":"c","first_seen":"2027-01-01T00:00:00Z",'
                 b'"last_seen":"2027-01-01T00:00:00Z","detector":"d","source":"rule","techniques":["T1"]}\n'],
        read_findings,
        "f.jsonl",
    ),
    "capture": Target(_files(_capture), _open, whole=_capture),
    "model": Target(_files(_model), load_model, whole=_model),
}  # fmt: skip
"""By name; a new reader is one entry."""


def put(target: Target, folder: Path, raw: bytes, place: float) -> Path:
    """Write an input where its reader looks; ``place`` (0 to 1) says which file of a folder it is."""
    if target.whole is None:
        (folder / target.name).write_bytes(raw)
        return folder / target.name
    copy = folder / "whole"
    shutil.copytree(target.whole(), copy)
    files = sorted(file for file in copy.rglob("*") if file.is_file())
    files[int(place * len(files))].write_bytes(raw)
    return copy
