"""The frame of a layer of the ATT&CK Navigator, format 4.5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rtml.text import visible

__all__ = ["layer"]


def layer(
    name: str,
    description: str,
    techniques: Sequence[Mapping[str, Any]],
    gradient: Mapping[str, Any],
    legend: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return a layer of the enterprise matrix.

    Parameters
    ----------
    name, description
        What is shown above the matrix.
    techniques
        ``techniqueID, score, comment, …`` each.
    gradient, legend
        Colours of scores, and what colours mean.

    References
    ----------
    https://github.com/mitre-attack/attack-navigator/blob/master/layers/LAYERFORMATv4_5.md

    Examples
    --------
    >>> layer("mine", "", [], {})["versions"]["layer"]
    '4.5'
    """
    return {
        "name": visible(name, 80),
        "versions": {"navigator": "4.9.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 0,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": list(techniques),
        "gradient": dict(gradient),
        "legendItems": list(legend),
    }
