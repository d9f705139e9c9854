"""What a manifest says that people should know, in words."""

from __future__ import annotations

from rtml.captures.manifest import Manifest, unclear_ids

__all__ = ["nameless", "notes_of"]

_WAYS = {"auditd": "; the kernel's audit log names no container: import what laurel writes of the same log"}
"""What can be done about a sensor that names no container, by sensor."""


def notes_of(manifest: Manifest) -> dict[str, str]:
    """Return facts for people by what they are about; nothing where there is nothing to say.

    Examples
    --------
    >>> from rtml.captures.manifest import Names
    >>> names = Names(listed=9, named=2, contradicted={"pod": 1}, unclear={"0123456789ab": ["a", "b"]})
    >>> notes_of(Manifest(sensor="x", names=names))["names"]
    '2 of 0 containers named by lists of 9; the sensor says otherwise of 1 in pod, which ...'
    """
    none = nameless(manifest)
    said = {"no containers": none} if none else {}
    return {**said, **unclear_ids(manifest), **_names(manifest), **_repairs(manifest)}


def nameless(manifest: Manifest) -> str | None:
    """Say that nothing can be found in a capture whose events are of no container; None where some are.

    Examples
    --------
    >>> nameless(Manifest(sensor="falco", events=2, kinds={"exec": 2}))
    'no event is of a container; rules and models look at containers alone, so nothing can match here'
    >>> nameless(Manifest(sensor="k8s-audit", events=2, kinds={"audit": 2}))
    """
    if manifest.containers or not set(manifest.kinds) - {"audit"}:
        return None
    way = "".join(dict.fromkeys(_WAYS.get(sensor, "") for sensor in manifest.sensor.split("+")))
    none = "no event is of a container; rules and models look at containers alone, so nothing can match here"
    return f"{none}{way}"


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
