"""What an experiment was made of, by content: a file that was edited in place is another input."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rtml.captures import Capture
from rtml.captures.digest import digest_capture
from rtml.experiment.config import Experiment

__all__ = ["digest_of_files", "digests"]


def digests(experiment: Experiment, capture: Capture) -> dict[str, str]:
    """Return a digest of each kind of input, and of the configuration; ``all`` is over them together.

    Kinds without a file are left out. Our own rule packs are those of the version of rtml.
    """
    chosen = experiment.rules
    named: dict[str, list[Path | None]] = {
        "labels": [experiment.labels],
        "rules": [*chosen.sigma, *chosen.falco],
        "lists": [*chosen.intel, chosen.lists],
        "reputation": [chosen.reputation],
    }
    files = {kind: [path for path in paths if path is not None] for kind, paths in named.items()}
    made = {kind: digest_of_files(paths) for kind, paths in files.items() if paths}
    made |= {"configuration": experiment.digest(), "captures": digest_capture(capture)}
    text = "\n".join(f"{kind} {digest}" for kind, digest in sorted(made.items()))
    return {**made, "all": hashlib.sha256(text.encode()).hexdigest()}


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return a SHA-256 over the content of files, and of all files in folders, by their names there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "rules.yml")
    ...     _ = file.write_text("a")
    ...     before = digest_of_files([file])
    ...     _ = file.write_text("b")
    ...     before == digest_of_files([file]), before == digest_of_files([Path(folder)])
    (False, False)
    """
    digest = hashlib.sha256()
    for root in paths:
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for path in files:
            digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0")
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
