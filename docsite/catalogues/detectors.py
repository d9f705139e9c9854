"""Every detector: what its score is, when it fails, and its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from docsite.markdown import first_sentence, prose, section, table
from rtml.detectors import DETECTORS

__all__ = ["detectors"]

_HEAD = """# Detectors

A detector turns rows of features into scores: higher is stranger, no number is no opinion. Scoring changes
nothing. What is recommended is `combined`: the mean of the margins of surprise, isolation forest and
half-space trees, calibrated by itself under one budget ([how it works](../how-it-works.md#the-numbers)).
Trivial ones stand in every table so that a model has something to beat. scikit-learn, PyOD and River
detectors need no registration: [estimators of others](../python.md#estimators-of-others).

"""


def detectors() -> str:
    """Return the page."""
    loaded = list(DETECTORS.working())
    head = ("detector", "what it is", "learns", "reasons add up", "trivial")
    rows = [
        (
            f"[`{name}`](#{name})",
            first_sentence(kind),
            "score first, then learn" if kind.online else "once",
            "exactly" if getattr(kind, "exact", False) else "by replacement",
            "yes" if kind.trivial else "",
        )
        for name, kind in loaded
    ]
    return _HEAD + table(head, rows) + "\n" + "".join(_one(name, kind) for name, kind in loaded)


def _one(name: str, kind: type) -> str:
    parameters = table(("parameter", "default", "meaning"), _parameters(kind))
    sources = section(kind, "References")
    source = "\n\nSource: " + " ".join(sources.split()) if sources else ""
    return f"## {name}\n\n{prose(kind)}\n\n{parameters}{source}\n\n"


def _parameters(kind: type) -> Iterator[tuple[str, str, str]]:
    said: dict[str, str] = {}
    names: list[str] = []
    for line in section(kind, "Parameters").splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
        for name in names:
            said[name] = f"{said.get(name, '')} {line.strip() if line.startswith(' ') else ''}"
    for name, parameter in inspect.signature(kind).parameters.items():
        yield f"`{name}`", f"`{parameter.default!r}`", said.get(name, "")
