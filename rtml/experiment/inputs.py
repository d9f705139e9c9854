"""What an experiment was made of, by content: a file that was edited in place is another input."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rtml.captures import Capture
from rtml.captures.digest import digest_capture
from rtml.experiment.config import Experiment
from rtml.reading.digests import digest_of_files

__all__ = ["digests"]


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
