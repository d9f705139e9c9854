"""Which of our packs have something to look at in a capture."""

from __future__ import annotations

from rtml.captures.manifest import Manifest

__all__ = ["packs_for"]


def packs_for(manifest: Manifest) -> tuple[str, ...]:
    """Return the packs that have something to look at; the container pack where nothing has.

    Examples
    --------
    >>> packs_for(Manifest(sensor="x")), packs_for(Manifest(sensor="x", audit=1, kinds={"audit": 1}))
    (('container',), ('k8s-audit',))
    """
    audit = ("k8s-audit",) if manifest.audit else ()
    only = bool(audit) and set(manifest.kinds) <= {"audit"}
    return audit if only else ("container", *audit)
