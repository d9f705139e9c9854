"""Which code made a run: version, and the commit where rtml runs from a checkout."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from rtml.tracking import tags
from rtml.version import VERSION

__all__ = ["git_commit", "provenance"]

_CHECKOUT = Path(__file__).resolve().parents[2]


def provenance() -> dict[str, str]:
    """Return the tags of a run that say which code made it."""
    commit = git_commit(_CHECKOUT)
    if commit is None:
        return {tags.VERSION: VERSION}
    plain = commit.partition("+")[0]
    return {tags.VERSION: VERSION, tags.COMMIT: commit, "mlflow.source.git.commit": plain}


@functools.cache
def git_commit(folder: Path) -> str | None:
    """Return the commit of a checkout of ours, with ``+changes`` where files differ from it.

    Null where ``folder`` is no checkout, or git is missing: an environment inside somebody else's repository
    must not be taken for it.
    """
    if not (folder / ".git").exists() or not (folder / "rtml" / "version.py").is_file():
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if not commit or changes is None:
        return None
    return f"{commit}+changes" if changes else commit


def _git(folder: Path, *words: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
