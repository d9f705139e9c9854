"""What stands on disk is what the manifest says, whatever the folders are called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pyarrow.dataset
import pyarrow.parquet
import pytest

from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.manifest import Manifest
from rtml.captures.write import write_capture
from rtml.errors import RtmlError
from rtml.schema import conform
from tests.captures.test_bpftrace import line
from tests.captures.test_k8s_audit import event, write

LINES = "\n".join([line("exec", 900, "/bin/sh"), *(line("fork", 8 + n, t=2_000 + n) for n in range(5))])


def made(folder: Path) -> Path:
    log = folder.parent / "log.jsonl"
    log.write_text(LINES)
    import_capture("bpftrace", [log], folder)
    return folder


def parts(capture: Path) -> list[Path]:
    return sorted((capture / "events").rglob("*.parquet"))


@pytest.mark.parametrize("name", ["a[b]", "*", "d?", "{x,y}", "**", "[!q]"])
def test_characters_of_patterns_are_names(tmp_path: Path, name: str):
    made(tmp_path / "a")
    write(tmp_path / "audit.log", event(1), event(2))
    import_capture("k8s-audit", [tmp_path / "audit.log"], tmp_path / name / name)
    import_capture("bpftrace", [tmp_path / "log.jsonl"], tmp_path / name / "events")
    for place, events, audit in ((name, 2, 2), ("events", 6, 0)):
        capture = open_capture(tmp_path / name / place)
        assert capture.events().collect().height == events
        assert capture.audit().collect().height == audit
        assert all(check.ok for check in check_capture(capture))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda events: events.drop("kind"), "lacks the columns kind"),
        (lambda events: events.drop("exe", "uid"), "lacks the columns exe, uid"),
        (lambda events: events.select(a="seq"), "lacks the columns time"),
        (lambda events: events.head(4), "4 events in 1 files, 6 in capture.json"),
        (lambda events: pl.concat([events, events]), "12 events"),
    ],
)
def test_a_part_that_is_none_is_refused_when_events_are_asked_for(
    tmp_path: Path, damage: Callable[[pl.DataFrame], pl.DataFrame], message: str
):
    (part,) = parts(made(tmp_path / "c"))
    damage(pl.read_parquet(part)).write_parquet(part)
    with pytest.raises(RtmlError, match=message):
        open_capture(tmp_path / "c").events(["time"])


def test_a_part_too_many_or_too_few_is_refused(tmp_path: Path):
    (part,) = parts(made(tmp_path / "c"))
    (part.parent / "part-7.parquet").write_bytes(part.read_bytes())
    with pytest.raises(RtmlError, match="12 events in 2 files"):
        open_capture(tmp_path / "c").events()
    for copy in parts(tmp_path / "c"):
        copy.unlink()
    with pytest.raises(RtmlError, match="0 events in 0 files"):
        open_capture(tmp_path / "c").events()


def broken(capture: Path) -> list[str]:
    return [check.name for check in check_capture(open_capture(capture)) if not check.ok]


def test_check_holds_kinds_against_the_manifest(tmp_path: Path):
    (part,) = parts(made(tmp_path / "c"))
    assert broken(tmp_path / "c") == []
    pl.read_parquet(part).with_columns(kind=pl.lit("connect")).write_parquet(part)
    assert broken(tmp_path / "c") == ["kinds are those of the manifest"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not Parquet at all"])
def test_a_destroyed_process_table_is_named(tmp_path: Path, content: bytes):
    (made(tmp_path / "c") / "processes.parquet").write_bytes(content)
    with pytest.raises(RtmlError, match=r"c/processes\.parquet"):
        check_capture(open_capture(tmp_path / "c"))
    with pytest.raises(RtmlError, match=r"c/processes\.parquet"):
        open_capture(tmp_path / "c").processes()


def test_check_misses_the_rows_of_processes(tmp_path: Path):
    table = made(tmp_path / "c") / "processes.parquet"
    pl.read_parquet(table).clear().write_parquet(table)
    assert broken(tmp_path / "c") == ["no processes of events without a row"]


def of_hosts(folder: Path, *hosts: str | None) -> Path:
    time = dt.datetime(2027, 1, 2, tzinfo=dt.UTC)
    rows = pl.DataFrame({"host": hosts, "seq": range(len(hosts))}, schema_overrides={"host": pl.String})
    events = conform(rows.with_columns(kind=pl.lit("fork"), sensor=pl.lit("x"), time=pl.lit(time)))
    manifest = Manifest(sensor="x", events=len(hosts), kinds={"fork": len(hosts)})
    write_capture(folder, manifest, events, pl.DataFrame(), pl.DataFrame())
    return folder


@pytest.mark.parametrize(
    "hosts",
    [
        ("\u00e9" * 90 + "1", "\u00e9" * 90 + "2"),
        ("x" * 500, "x" * 499),
        (None, "unknown"),
        ("..", "%2E%2E", "7", "7.0"),
        ("\u6a5f" * 66, "a\u6a5f" * 66),
    ],
)
def test_hosts_with_folders_of_one_name_keep_their_events(tmp_path: Path, hosts: tuple[str | None, ...]):
    of_hosts(tmp_path / "c", *hosts)
    kept = open_capture(tmp_path / "c").events(["host"]).collect()["host"].cast(pl.String)
    assert sorted(map(str, kept)) == sorted(map(str, hosts))


def by_arrow(events: Path) -> Iterable[str | None]:
    return pyarrow.dataset.dataset(str(events), partitioning="hive").to_table()["host"].to_pylist()


def by_arrow_as_schema_of_one_file(events: Path) -> Iterable[str | None]:
    return pyarrow.parquet.read_table(str(events))["host"].to_pylist()


def by_polars(events: Path) -> Iterable[str | None]:
    return pl.read_parquet(f"{events}/**/*.parquet", hive_partitioning=True)["host"]


def by_pandas(events: Path) -> Iterable[str | None]:
    pandas = pytest.importorskip("pandas")
    return [None if pandas.isna(host) else host for host in pandas.read_parquet(events)["host"]]


def by_duckdb(events: Path) -> Iterable[str | None]:
    duckdb = pytest.importorskip("duckdb")
    rows = duckdb.sql(f"select host from read_parquet('{events}/**/*.parquet', hive_partitioning=true)")
    return [host for (host,) in rows.fetchall()]


@pytest.mark.parametrize("tool", [by_arrow, by_arrow_as_schema_of_one_file, by_polars, by_pandas, by_duckdb])
@pytest.mark.parametrize(
    "hosts",
    [
        ("web-1", "web-2"),
        ("node.a", "a/b", "a=b", "../x"),
        ("\u6a5f",),
        ("7",),
        ("7", "web"),
        ("0x10", "1e5", "007"),
        ("2027-01-01", "2027-01-01 00:00:00"),
        (None,),
        (None, "web"),
        ("null", "None", "NaN", "__HIVE_DEFAULT_PARTITION__", "true", "unknown"),
        ("x" * 500, "x" * 499),
    ],
    ids=str,
)
def test_tools_that_take_folders_for_columns_read_the_same(
    tmp_path: Path, hosts: tuple[str | None, ...], tool: Callable[[Path], Iterable[str | None]]
):
    events = of_hosts(tmp_path / "c", *hosts) / "events"
    assert sorted(tool(events), key=repr) == sorted(hosts, key=repr)


@pytest.mark.parametrize("host", ["web-1", "7", None])
def test_a_capture_of_the_older_layout_opens(tmp_path: Path, host: str | None):
    for folder in (of_hosts(tmp_path / "c", host) / "events").glob("*/node=*"):
        folder.rename(folder.with_name(f"host={host}"))
    assert open_capture(tmp_path / "c").events(["host"]).collect()["host"].to_list() == [host]
