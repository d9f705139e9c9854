"""What exactly was learnt from: one hash of a capture's data files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from rtml.captures.in_scope import InScope
from rtml.captures.joining import JoinedCapture
from rtml.captures.leaving_out import PartialCapture
from rtml.captures.store import Capture

__all__ = ["digest_capture", "named"]


def digest_capture(capture: Capture) -> str:
    """Return a SHA-256 over the event files of a capture, by name and content.

    A capture on a remote store, whose files would have to be fetched again, is named by its
    manifest alone (which holds the digest of every imported file); the result then begins with
    ``manifest:``.
    """
    if isinstance(capture, PartialCapture) and capture.whole is not None:
        cells = capture.cells.write_json().encode()
        return hashlib.sha256(digest_capture(capture.whole).encode() + cells).hexdigest()
    if isinstance(capture, InScope) and capture.whole is not None:
        scope = json.dumps(asdict(capture.scope), sort_keys=True)
        return hashlib.sha256((digest_capture(capture.whole) + scope).encode()).hexdigest()
    if isinstance(capture, JoinedCapture):
        digests = "\n".join(map(digest_capture, capture.parts))
        return hashlib.sha256(digests.encode()).hexdigest()
    folder = Path(capture.path) / "events"
    if "://" in capture.path:
        return "manifest:" + hashlib.sha256(capture.manifest.to_json().encode()).hexdigest()
    digest = hashlib.sha256()
    for path in _files(capture, folder):
        digest.update(
            path.relative_to(Path(capture.path)).as_posix().removeprefix("events/").encode() + b"\0"
        )
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def named(capture: Capture) -> tuple[str, str]:
    """Return what tells captures apart by content: the digest of their events, and their manifest."""
    return digest_capture(capture), capture.manifest.to_json()


def _files(capture: Capture, folder: Path) -> list[Path]:
    growing = capture.manifest.growing
    if growing is None:
        return sorted(folder.rglob("*.parquet"))
    # What keys mean changes with the state, and with it the events.
    state = Path(capture.path) / growing.state
    known = [state / "identities.parquet", state / "processes.parquet"]
    known += [state / "gone.parquet"] if growing.archive else []
    for part in growing.archive:
        known += [Path(capture.path) / part.name / file.name for file in known[:2]]
    return sorted([*(Path(capture.path) / name for name in growing.parts), *known])
