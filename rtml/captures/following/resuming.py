"""Where following stopped: the last commit of a growing capture, or the beginning of a new one."""

from __future__ import annotations

from pathlib import Path

from rtml.captures.following.archive import Archive
from rtml.captures.following.commits import FOLDER, Commits
from rtml.captures.following.gathering import Gathered
from rtml.captures.following.memory import Facts, read_memory
from rtml.captures.following.place import Place
from rtml.captures.manifest import parse_manifest
from rtml.captures.sensors import Sensor
from rtml.errors import RtmlError

__all__ = ["begun", "require_ours"]


def require_ours(out: Path) -> None:
    """Refuse a folder that is something else than a capture that was followed into."""
    manifest = out / "capture.json"
    if manifest.is_file():
        if parse_manifest(manifest.read_text("utf-8"), str(manifest)).growing is None:
            raise RtmlError(f"{out}: a capture that was imported; choose another place", argument="out")
    elif out.exists() and (
        not out.is_dir() or {path.name for path in out.iterdir()} - {FOLDER, "events", "archive"}
    ):
        raise RtmlError(f"{out}: exists already and is no capture; choose another place", argument="out")


def begun(sensor: Sensor, source: str, out: Path) -> tuple[Commits, Gathered]:
    """Return where the last commit stopped, or the beginning."""
    manifest = out / "capture.json"
    if not manifest.is_file():
        gathered = Gathered.begin(sensor)
        facts = Facts(source=source, place=Place(name=""), counts=gathered.counts)
        gathered.archive = Archive(out, facts.archive)
        commits = Commits(out, facts, gathered.archive)
        commits.clear()
        commits.commit(gathered)
        return commits, gathered
    former = parse_manifest(manifest.read_text("utf-8"), str(manifest))
    assert former.growing is not None
    facts, gathered = read_memory(out, former.growing.state, sensor)
    if (former.sensor, facts.source) != (sensor.name, source):
        raise RtmlError(
            f"{out}: follows {former.sensor} from {facts.source}; choose another place for this one",
            argument="out",
        )
    assert gathered.archive is not None
    commits = Commits(out, facts, gathered.archive, int(Path(former.growing.state).name))
    commits.clear()
    return commits, gathered
