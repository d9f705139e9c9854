"""YAML that comes with rtml: read by libyaml, which is eight times as fast as Python.

What people write goes through `rtml.reading.user_yaml`, which says where a mistake is.
"""

from __future__ import annotations

from importlib.abc import Traversable
from importlib.resources import files
from typing import Any, TypeVar

import yaml

__all__ = ["packaged_documents", "packaged_yaml"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # there is a PyYAML without libyaml
Kind = TypeVar("Kind", dict[str, Any], list[Any])


def packaged_yaml(package: str, name: str, wanted: type[Kind]) -> Kind:
    """Read a file of one document that lies in one of our packages.

    Parameters
    ----------
    package, name
        Where it lies; the name may have folders.
    wanted
        ``dict`` or ``list``: what the document is.

    Raises
    ------
    TypeError
        It is something else, or several: a mistake of ours.

    Examples
    --------
    >>> len(packaged_yaml("rtml.rules", "catalogue.yml", dict))
    46
    """
    documents = packaged_documents(files(package).joinpath(name))
    if len(documents) != 1 or not isinstance(documents[0], wanted):
        raise TypeError(f"{package}: {name} is no {wanted.__name__}")
    return documents[0]


def packaged_documents(file: Traversable) -> list[Any]:
    """Read the documents of one of our files."""
    loader = _LOADER(file.read_text("utf-8"))
    documents = []
    while loader.check_data():
        documents.append(loader.get_data())
    return documents
