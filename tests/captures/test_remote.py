"""Inputs in a store: files, folders, patterns of S3, against moto's server; errors for people."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from rtml.captures import import_capture, open_capture
from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.reading import remote
from rtml.reading.remote import fetched
from tests.captures.inventories import alert
from tests.test_cli import rtml

SETTINGS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")
LOGS = {
    "day/10/a.json": alert(0, "0123456789ab"),
    "day/10/b b.json.gz": alert(1, None),
    "day/11/c%41.json": alert(2, None),
    "day/11/.hidden": "nothing",
    "day-notes.txt": "hello",
    "odd/" + "x" * 250 + "/d.json": alert(3, None),
}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto's server needs flask")
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    address = f"http://127.0.0.1:{running.get_host_and_port()[1]}"
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(zip(SETTINGS, ("key", "secret", address, "us-east-1"), strict=True))
    try:
        client = boto3.client("s3", endpoint_url=address)
        client.create_bucket(Bucket="logs")
        for key, text in LOGS.items():
            raw = text.encode()
            client.put_object(Bucket="logs", Key=key, Body=gzip.compress(raw) if key.endswith("gz") else raw)
        yield address
    finally:
        running.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("s3://logs/day/10/a.json", ["a.json"]),
        ("s3://logs/day", ["a.json", "b b.json.gz", "c%41.json"]),
        ("s3://logs/day/", ["a.json", "b b.json.gz", "c%41.json"]),
        ("s3://logs/day/10/b", ["b b.json.gz"]),
        ("s3://logs/day-", ["day-notes.txt"]),
        ("s3://logs/day/11/c%41.json", ["c%41.json"]),
        ("s3://logs/day/*/*.json", ["a.json", "c%41.json"]),
        ("s3://logs/day/1[01]", ["a.json", "b b.json.gz", "c%41.json"]),
        ("s3://logs/**/*.json", ["a.json", "c%41.json", "d.json"]),
        ("s3://logs/**", ["day-notes.txt", "a.json", "b b.json.gz", "c%41.json", "d.json"]),
    ],
)
def test_files_folders_beginnings_and_patterns_are_fetched(url: str, names: list[str]):
    with fetched([url]) as files:
        assert sorted(path.name for path in files) == sorted(names)
        place = files[0]
        assert all(path.stat().st_size for path in files)
    assert not place.exists()


@pytest.mark.usefixtures("bucket")
def test_a_store_is_imported_as_a_folder_is(tmp_path: Path):
    manifest = import_capture("auto", ["s3://logs/day"], tmp_path / "c")
    assert (manifest.events, manifest.sensor) == (3, "falco")
    assert [file.name for file in manifest.inputs] == ["a.json", "b b.json.gz", "c%41.json"]
    (tmp_path / "own.json").write_text(alert(9, None))
    both = import_capture("falco", [tmp_path / "own.json", "s3://logs/day/10/*"], tmp_path / "both")
    assert both.events == 3


def test_the_command_says_the_url_and_takes_settings_of_the_store(bucket: str, tmp_path: Path):
    url = f"s3://logs/day/10/*?endpoint_override={bucket}&region=us-east-1"
    done = rtml("capture", "import", "auto", url, "--out", tmp_path / "c", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert open_capture(tmp_path / "c").manifest.events == 2
    done = rtml("capture", "import", "auto", "s3://logs/day-notes.txt", "--out", tmp_path / "d", cwd=tmp_path)
    assert done.returncode == 1 and "s3://logs/day-notes.txt: of no sensor" in " ".join(done.stderr.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c"]


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("s3://no-such-bucket/x", RtmlError, "no such bucket"),
        ("s3://logs/nothing", MissingFileError, "nothing there has that name"),
        ("s3://logs/day/*.csv", MissingFileError, "nothing there has that name"),
        ("s3://*/x", MissingFileError, "nothing there has that name"),
        ("foo://logs/day", UsageError, "no kind of store is called 'foo'; known: s3"),
        ("http://example.test/log.json", UsageError, "no kind of store is called 'http'"),
        ("s3://logs/day?endpoint_override=127.0.0.1:1&scheme=http", RtmlError, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_the_url(url: str, kind: type[RtmlError], words: str, tmp_path: Path):
    with pytest.raises(kind) as error:
        import_capture("auto", [url], tmp_path / "c")
    assert words in str(error.value) and str(error.value).startswith(url)
    assert not list(tmp_path.iterdir())


def test_words_of_a_refusal_are_explained():
    refused = OSError("When reading information for key 'x': AWS Error ACCESS_DENIED during HeadObject")
    assert "no access; credentials come from" in str(remote._explained("s3://b/x", refused))


@pytest.mark.usefixtures("bucket")
def test_more_than_there_is_room_for_is_not_fetched(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(remote, "MOST_BYTES", 100)
    with (
        pytest.raises(UsageError, match=r"3 files of [\d,]+ bytes, more than are fetched at a time \(100\)"),
        fetched(["s3://logs/day"]),
    ):
        pass


def test_a_path_that_lost_a_slash_is_still_a_url_and_a_colon_alone_is_none(tmp_path: Path):
    with pytest.raises(UsageError, match="'foo'"), fetched([Path("foo://x/y")]):
        pass
    with fetched([tmp_path / "a:b"]) as files:
        assert files == [tmp_path / "a:b"]
