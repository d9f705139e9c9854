"""Whose line a wrapper holds, as the agent says that shipped it: not what stands in the line.

A program that is watched writes what it likes into its own log, also lines that look like a sensor's. Where
an agent ships all containers into one place, it names the container, or the unit, beside each line; a line
of another one is refused. An agent that names nobody is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["foreign"]

_NAMES = ("container_name", "CONTAINER_NAME", "ContainerName", "containerName", "container", "_SYSTEMD_UNIT")
"""Keys under which the agent names a container or a unit."""
_PLACES = ("kubernetes", "container", "labels", "resource", "stream", "properties", "docker", "attrs")
"""Objects in which it does."""
_MORE = (
    "pod_name namespace_name container_image pod namespace image app app.kubernetes.io/name k8s-app job"
    " name PodName PodNamespace _EXE tag filename file logName source service service_name unit"
).split()
"""What else it says of where a line comes from."""
_DATA_SET = "data_stream"
"""Where Elastic's agents say which integration took a line: its documents name the container it is about."""
_DEEPEST = 3


def foreign(value: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the container or unit that wrote the line of a wrapper, where it is not the sensor's.

    Parameters
    ----------
    value
        The wrapper.
    names
        Words of which one is in what names the sensor's own container, pod, image or unit; none: any.

    Examples
    --------
    >>> foreign({"log": "{}", "kubernetes": {"container_name": "shop", "pod_name": "shop-1"}}, ["falco"])
    'shop'
    >>> foreign({"log": "{}", "kubernetes": {"container_name": "main", "pod_name": "falco-x"}}, ["falco"])
    >>> foreign({"log": "{}", "stream": "stdout"}, ["falco"])
    >>> foreign({"container": {"name": "shop"}, "data_stream": {"dataset": "falco.alerts"}}, ["falco"])
    """
    if not names:
        return None
    said = [*_said(value, 0), *_data_set(value)]
    named = [text for key, text in said if key in _NAMES]
    if not named or any(name in text.lower() for _, text in said for name in names):
        return None
    return named[0]


def _data_set(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stream = value.get(_DATA_SET)
    if isinstance(stream, dict) and isinstance(stream.get("dataset"), str):
        yield _DATA_SET, stream["dataset"]


def _said(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for key in (*_NAMES, *_MORE):
        if isinstance(value.get(key), str):
            yield key, value[key]
    inner = value.get("container")
    if isinstance(inner, dict) and isinstance(inner.get("name"), str):
        yield "container_name", inner["name"]
    for key in _PLACES if depth < _DEEPEST else ():
        place = value.get(key)
        if isinstance(place, dict):
            yield from _said(place, depth + 1)
