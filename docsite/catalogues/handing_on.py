"""Where findings go and in which form, alerts that are read, formats of baselines, engines of the job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

from docsite.markdown import first_sentence, module_said, table
from rtml import registered
from rtml.findings.exports import EXPORTS
from rtml.findings.formats import FORMATS
from rtml.findings.sinks import SINKS
from rtml.job.engines import ENGINES
from rtml.profiles.formats import FORMATS as PROFILES

__all__ = ["handing_on"]

_HEAD = """# Sinks and formats

How each is used, and by what it was checked: [findings for other tools](../formats.md).

"""
_TWO = ("name", "what")
_SINK = ("sink", "target", "findings at once", "secrets", "what")


def handing_on() -> str:
    """Return the page."""
    parts = [
        ("Sinks", "`rtml findings send F --to SINK=TARGET`", _SINK, _sinks()),
        (
            "Formats of findings",
            "`rtml findings export F --format X`",
            ("format", "file", "what"),
            _exports(),
        ),
        ("Alerts that are read", "`rtml findings import X FILE`", _TWO, _plain(registered.ALERTS, FORMATS)),
        ("Formats of baselines", "`rtml baseline export B --format X`", _TWO, _profiles()),
        ("Engines", "`rtml score --engine X`", _TWO, _plain(registered.ENGINES, ENGINES)),
    ]
    return _HEAD + "".join(f"## {name}\n\n{how}\n\n{table(head, rows)}\n" for name, how, head, rows in parts)


def _sinks() -> Iterator[tuple[object, ...]]:
    for name, sink in SINKS.working():
        secrets = " ".join(f"`{key}`" for key in sink.secrets)
        yield f"`{name}`", sink.target, sink.most, secrets, module_said(registered.SINKS, name)


def _exports() -> Iterator[tuple[object, ...]]:
    for name, export in EXPORTS.working():
        yield f"`{name}`", f"`{export.suffix}`", module_said(registered.EXPORTS, name)


def _plain(places: Mapping[str, str], names: Iterable[str]) -> Iterator[tuple[object, ...]]:
    return ((f"`{name}`", module_said(places, name)) for name in names)


def _profiles() -> Iterator[tuple[object, ...]]:
    for name, made in PROFILES.items():
        yield f"`{name}`", first_sentence(import_module(made.__module__))
