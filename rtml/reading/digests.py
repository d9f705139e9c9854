"""What files hold, as a digest: one that was edited in place is another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["digest_of_files"]


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
