"""One container under every spelling of its id; an id that fits two is neither, and is told."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.captures import check_capture, import_capture, open_captures
from rtml.captures.sensors import CONTAINERS, Reading, Sensor
from rtml.container_ids import bare_id, bare_ids, merged, renamed, resolved
from rtml.errors import RtmlError
from rtml.evaluation import Side
from rtml.evaluation.labels import in_capture
from rtml.evaluation.naming import in_the_capture
from rtml.findings.importing import read_alerts
from rtml.findings.sequences.correlating import correlate
from rtml.findings.suppression.filters import condition
from rtml.schema import EVENTS, FINDINGS, LABELS, REJECTS, conform, empty
from rtml.times import UTC_NS
from tests.findings.test_sequences import TYPES, finding, table
from tests.rules.test_alerts import FALCO
from tests.test_cli import rtml

FULL = "4c01db0b339c70b4cafe" + "0" * 43 + "1"
TWIN = FULL[:15] + "e" * 49
"""Another container, whose id begins alike for 15 digits."""
SPELLINGS = [
    *(FULL[:size] for size in (12, 15, 31, 63)),
    *(f"{runtime}://{FULL[:size]}" for runtime in ("docker", "containerd", "cri-o") for size in (12, 31, 64)),
    f"cri-containerd-{FULL}.scope",
    f"/kubepods.slice/docker-{FULL}.scope",
    FULL.upper(),
]
ids = st.text("0123456789abcdef", min_size=1, max_size=64)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_one_container_that_it_fits(spelling: str):
    assert resolved([spelling], [FULL, "f" * 64]).ids == {spelling: FULL}
    assert resolved([FULL], [spelling]).ids == {FULL: spelling}
    assert merged([spelling, FULL]).several == {}


@pytest.mark.parametrize(
    "other", [FULL[:11], "web", "cgroup:77", "docker://", "", FULL[1:13], f"{FULL[:12]}g"]
)
def test_what_is_no_beginning_of_an_id_is_no_container(other: str):
    assert resolved([other], [FULL]).unknown == [other]


def test_an_id_that_fits_two_is_neither():
    short = FULL[:15]
    assert resolved([short], [FULL, TWIN]).several == {short: sorted([FULL, TWIN])}
    assert resolved([FULL[:16]], [FULL, TWIN]).ids == {FULL[:16]: FULL}
    found = resolved([FULL, TWIN], [short])
    assert found.ids == {} and found.several == {FULL: [short], TWIN: [short]}
    assert merged([short, FULL, TWIN]).ids == {}


@given(st.lists(ids, min_size=1, max_size=8), st.data())
def test_no_two_containers_ever_become_one(known: list[str], data: st.DataObject):
    cut = [name[: data.draw(st.integers(0, 64))] for name in known]
    for name, meant in resolved(cut, known).ids.items():
        fitting = {other for other in known if other.startswith(name)}
        assert len(name) >= 12 and all(
            meant.startswith(other) or other.startswith(meant) for other in fitting
        )
    assert all(bare_id(name) == name for name in known)
    assert all(long.startswith(short) for short, long in merged(known).ids.items())


@given(
    st.lists(st.sampled_from([*SPELLINGS, "a", "://", "docker-", ".scope", "/", "\n", "Z", "-"]), max_size=3)
)
def test_one_id_and_a_column_of_ids_are_read_alike(parts: list[str]):
    text = "".join(parts)
    assert pl.DataFrame({"id": [text]}).select(bare_ids(pl.col("id"))).item() == bare_id(text)


def event(container: str | None, at: int) -> dict:
    return {"time": at, "kind": "fork", "host": "n1", "pid": 7, "container_id": container}


def reading(*containers: str | None) -> Reading:
    rows = pl.DataFrame([event(c, 1_800_000_000_000_000_000 + i) for i, c in enumerate(containers)])
    facts = pl.DataFrame({"container_id": [c for c in containers if c], "role": "infrastructure"})
    known = facts.with_columns(container_name=None, started=None).select(*CONTAINERS).cast(CONTAINERS)
    events = rows.with_columns(pl.col("time").cast(UTC_NS))
    return Reading(events, REJECTS.to_frame(), rows.height, containers=known)


def capture(tmp_path: Path, name: str, *containers: str | None) -> Path:
    (tmp_path / f"{name}.log").write_text("x")
    import_capture(Sensor(name, lambda _: reading(*containers)), [tmp_path / f"{name}.log"], tmp_path / name)
    return tmp_path / name


def names_of(paths: list[Path]) -> tuple[set[str | None], list[str]]:
    opened = open_captures(paths)
    events = opened.events(["container_id"]).collect()["container_id"].cast(pl.String)
    assert opened.events().collect().schema["container_id"] == pl.Categorical
    assert opened.infrastructure() == opened.containers()["container_id"].to_list()
    return set(events), opened.containers()["container_id"].to_list()


def test_a_capture_holds_one_spelling(tmp_path: Path):
    path = capture(tmp_path, "a", f"docker://{FULL[:12]}", FULL[:31], FULL.upper(), "cgroup:7", None)
    assert names_of([path]) == ({FULL[:31], "cgroup:7", None} - {FULL[:31]} | {FULL}, [FULL, "cgroup:7"])


def test_sensors_that_cut_ids_differently_are_joined(tmp_path: Path):
    paths = [capture(tmp_path, "long", FULL, "f" * 64), capture(tmp_path, "short", FULL[:12])]
    seen, containers = names_of(paths)
    assert seen == {FULL, "f" * 64} and containers == sorted(seen)
    (joined,) = (c for c in open_captures(paths).manifest.containers if c.container_id == FULL)
    assert joined.events == 2
    images = open_captures(paths).processes().collect()
    assert images["container_id"].drop_nulls().is_in([FULL, "f" * 64]).all()


def test_a_capture_tells_of_an_id_that_fits_two(tmp_path: Path):
    path = capture(tmp_path, "a", FULL, TWIN, FULL[:13])
    assert names_of([path])[0] == {FULL, TWIN, FULL[:13]}
    (check,) = (c for c in check_capture(open_captures([path])) if "fits several" in c.name)
    assert not check.ok and FULL[:13] in check.found
    assert f"{FULL[:13]} begins 2 containers" in rtml("capture", "info", path).stdout
    paths = [capture(tmp_path, "two", FULL, TWIN), capture(tmp_path, "one", FULL[:12])]
    assert open_captures(paths).manifest.unclear_containers == {FULL[:12]: sorted([FULL, TWIN])}


def labels(*containers: str) -> pl.DataFrame:
    at = pl.Series([0] * len(containers)).cast(UTC_NS)
    rows = pl.DataFrame({"attack_id": [f"a{i}" for i in range(len(containers))], "container_id": containers})
    return conform(rows.with_columns(start=at, end=at), LABELS)


def test_labels_find_their_container_and_what_is_unclear_is_named():
    kept, warnings = in_capture(labels(f"containerd://{FULL[:16]}"), [FULL, TWIN])
    assert kept["container_id"].to_list() == [FULL] and warnings == []
    with pytest.raises(RtmlError, match="1 of 2 labels name by a short id several containers.*'a1'"):
        in_capture(labels(f"containerd://{FULL[:16]}", FULL[:15]), [FULL, TWIN])
    with pytest.raises(RtmlError, match="1 of 1 labels name no container"):
        in_capture(labels("gone"), [FULL])


def findings(*containers: str | None) -> pl.DataFrame:
    return conform(pl.DataFrame({"container_id": containers}, schema={"container_id": pl.String}), FINDINGS)


def test_findings_find_their_container_and_what_is_unclear_is_told():
    of_workload = conform(pl.DataFrame({"containers": [[FULL[:16], "f" * 64]]}), FINDINGS)
    rows = pl.concat([findings(FULL[:16], FULL[:12], "elsewhere", None), of_workload])
    scores = pl.DataFrame({"container_id": [f"docker://{FULL}"], "window": [0], "score": [1.0]})
    (side,), warnings = in_the_capture([Side("falco", "rules", rows, scores)], [FULL, TWIN, "f" * 64])
    assert side.findings["container_id"].to_list() == [FULL, FULL[:12], "elsewhere", None, None]
    assert side.findings["containers"].to_list()[-1] == [FULL, "f" * 64]
    assert side.scores is not None and side.scores["container_id"].to_list() == [FULL]
    assert warnings == [f"falco: 1 of 5 findings name by a short id several containers: '{FULL[:12]}'"]


def test_alerts_of_one_engine_are_about_one_container(tmp_path: Path):
    rows = [{**FALCO, "output_fields": {"container.id": spelled}} for spelled in (*SPELLINGS, FULL)]
    rows.append({**FALCO, "output_fields": {"container.id": TWIN[:12], "container.full_id": TWIN}})
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows[:-1])))
    assert read_alerts(tmp_path / "a.jsonl", "falco").findings["container_id"].unique().to_list() == [FULL]
    (tmp_path / "b.jsonl").write_text(json.dumps(rows[-1]))
    assert read_alerts(tmp_path / "b.jsonl", "falco").findings["container_id"].to_list() == [TWIN]


def test_tetragon_names_a_container_outside_kubernetes_by_its_cut_id(tmp_path: Path):
    hit = {"policy_name": "p", "process": {"docker": FULL[:31]}}
    (tmp_path / "t.jsonl").write_text(json.dumps({"process_kprobe": hit, "time": "2027-01-01T00:00:00Z"}))
    assert read_alerts(tmp_path / "t.jsonl", "tetragon").findings["container_id"].to_list() == [FULL[:31]]


@pytest.mark.parametrize(("other", "together"), [(FULL[:12], 1), (f"cri-o://{FULL}", 1), (TWIN[:16], 0)])
def test_a_sequence_joins_engines_by_container(other: str, together: int):
    rows = table(finding(0, TYPES[0], container_id=FULL), finding(1, TYPES[1], container_id=other))
    assert correlate(rows).height == together


def test_a_suppression_means_the_container_and_never_two():
    def suppressed(value: object, *containers: str | None, test: str = "equals") -> list[bool]:
        return findings(*containers).select(condition("container_id", test, value)).to_series().to_list()

    assert suppressed(f"docker://{FULL}", FULL[:12], "f" * 64, None) == [True, False, False]
    assert suppressed(FULL[:12], FULL, FULL[:31], "f" * 64) == [True, True, False]
    assert suppressed(FULL[:12], FULL, TWIN) == [False, False]
    assert suppressed(FULL[:12], FULL, TWIN, FULL[:12]) == [False, False, True]
    assert suppressed([FULL[:12], "x"], FULL, "x", test="in") == [True, True]
    assert suppressed([], FULL, test="in") == [False]
    assert suppressed(FULL[:12], FULL, None, test="not_equals") == [False, True]


def test_renaming_leaves_everything_else_alone():
    rows = pl.DataFrame({"container_id": ["a", "b", None], "x": [1, 2, 3]})
    assert renamed(rows, {"a": "c"}).rows() == [("c", 1), ("b", 2), (None, 3)]
    assert renamed(rows.select("x"), {"a": "c"}).rows() == [(1,), (2,), (3,)]
    assert empty().width == len(EVENTS)


@pytest.mark.parametrize(
    "path",
    [
        "/docker/{}",
        "/kubepods/burstable/pod0a1b2c3d-0000-4000-8000-000000000000/{}",
        "0::/system.slice/docker-{}.scope",
        "/kubepods.slice/kubepods-pod0a1b.slice/cri-containerd-{}.scope",
        "kubepods-besteffort-pod0a1b.slice:cri-containerd:{}",
        "nerdctl-{}",
    ],
)
def test_the_path_of_a_cgroup_names_its_container(path: str):
    for digits in (FULL, FULL[:12], FULL.upper()):
        assert bare_id(path.format(digits)) == digits.lower()
        ids = pl.DataFrame({"id": [path.format(digits)]})
        assert ids.select(bare_ids(pl.col("id"))).to_series().to_list() == [digits.lower()]
    assert bare_id(f"sha256:{FULL}") == f"sha256:{FULL}"
