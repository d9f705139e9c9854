"""What a manifest says that people should know, in words."""

from __future__ import annotations

from rtml.captures.manifest import Manifest, unclear_ids

__all__ = ["notes_of"]


def notes_of(manifest: Manifest) -> dict[str, str]:
    """Return facts for people by what they are about; nothing where there is nothing to say.

    Examples
    --------
    >>> from rtml.captures.manifest import Names
    >>> names = Names(listed=9, named=2, contradicted={"pod": 1}, unclear={"0123456789ab": ["a", "b"]})
    >>> notes_of(Manifest(sensor="x", names=names))["names"]
    '2 of 0 containers named by lists of 9; the sensor says otherwise of 1 in pod, which ...'
    """
    return {**unclear_ids(manifest), **_names(manifest), **_repairs(manifest)}


def _repairs(manifest: Manifest) -> dict[str, str]:
    counts = " · ".join(f"{what} {count:,}" for what, count in manifest.repairs.items())
    return {"processes repaired": counts} if counts else {}


def _names(manifest: Manifest) -> dict[str, str]:
    names = manifest.names
    if names is None:
        return {}
    said = [f"{names.named:,} of {len(manifest.containers):,} containers named by lists of {names.listed:,}"]
    if names.contradicted:
        columns = ", ".join(f"{count:,} in {column}" for column, count in names.contradicted.items())
        said.append(f"the sensor says otherwise of {columns}, which stayed")
    if names.unclear:
        ids = f"{len(names.unclear):,} short id{'s' if len(names.unclear) > 1 else ''}"
        said.append(f"{ids} may be several listed containers and got no names")
    return {"names": "; ".join(said)}
