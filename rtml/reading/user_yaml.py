r"""YAML that people write: settings, lists, rules. Every mistake has a file, a line and a column.

Only what JSON knows and times are read: no tags that make other objects. Aliases are followed no
further than `rtml.reading.aliases` allows, and a key that is written twice is named.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.reading.aliases import Fault, alias_fault, children
from rtml.reading.text import read_text

__all__ = ["MOST_BYTES", "MissingSettingsError", "YamlError", "parse_yaml", "read_yaml", "yaml_documents"]

MOST_BYTES = 5_000_000
"""A larger file is none that a person wrote."""

_PLAIN = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge")
)
_ODD = re.compile("[\0\ud800-\udfff]")
_READ_OTHERWISE = re.compile("[^\n -~\xa0-\u2027\u202a-\ud7ff]")
_DEEP = 2_000
_QuickBase = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # there is a PyYAML without libyaml
Kind = TypeVar("Kind", dict[str, Any], list[Any])


class YamlError(UsageError):
    """Where YAML is wrong (``line`` and ``column`` from 1), and the ``reason``."""

    def __init__(self, where: str, line: int, column: int, reason: str) -> None:
        super().__init__(f"{where}:{line}:{column}: {reason}")
        self.line, self.column, self.reason = line, column, reason


class MissingSettingsError(UsageError, MissingFileError):
    """There is no such file of settings: wrong use, exit code 2."""


def read_yaml(path: Path, wanted: type[Kind], what: str, most: int = MOST_BYTES) -> Kind:
    r"""Read a file of one YAML document.

    Parameters
    ----------
    path
        The file.
    wanted
        ``dict`` or ``list``: what the document must be.
    what
        Says what that is: "an experiment is a mapping of keys to values".
    most
        Bytes; a larger file is refused.

    Raises
    ------
    UsageError
        The file cannot be read, is no YAML, or something else than wanted: file, line and column
        are named.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.yml"
    >>> _ = path.write_text("seed: 1\nseed: 2")
    >>> read_yaml(path, dict, "an experiment is a mapping")
    Traceback (most recent call last):
    ...
    rtml.reading.user_yaml.YamlError: ...a.yml:2:1: the key 'seed' is written twice, first in line 1
    """
    try:
        text = read_text(path, most)
    except MissingFileError as error:
        raise MissingSettingsError(str(error)) from error
    except RtmlError as error:
        raise UsageError(str(error)) from error
    value = parse_yaml(text, str(path))
    if not isinstance(value, wanted):
        raise UsageError(f"{path}: {what}")
    return value


def parse_yaml(text: str, where: str, texts_only: bool = False) -> Any:
    """Return the value of a text of one YAML document; None when it holds none.

    Parameters
    ----------
    text
        YAML.
    where
        Begins every error.
    texts_only
        Every scalar stays text, any tag and a second key of one name are let pass (the last one
        counts): for rules of other tools, which know what they mean by them.

    Raises
    ------
    YamlError
        It is none, is nested too deeply, or grows without end.

    Examples
    --------
    >>> parse_yaml("{a: [1, on, 2026-11-24]}", "x"), parse_yaml("[1, on]", "x", texts_only=True)
    ({'a': [1, True, datetime.date(2026, 11, 24)]}, ['1', 'on'])
    >>> parse_yaml("a: 2026-02-30", "x.yml")
    Traceback (most recent call last):
    ...
    rtml.reading.user_yaml.YamlError: x.yml:1:4: '2026-02-30' is no timestamp
    """
    with _located(text, where):
        loader = _loader(text, texts_only)
        node = loader.get_single_node()
        fault = alias_fault(node) or (None if texts_only else _fault(node, set()))
        _refuse(fault, where)
        return None if node is None else loader.construct_document(node)


def yaml_documents(text: str, where: str, texts_only: bool = True) -> Iterator[Any]:
    r"""Yield the values of a text of any number of YAML documents.

    Parameters
    ----------
    text, where, texts_only
        As of `parse_yaml`.

    Raises
    ------
    YamlError
        As `parse_yaml`, after the documents before the mistake.

    Examples
    --------
    >>> list(yaml_documents("# mine\n- 1\n---\n- on", "x")), list(yaml_documents("# empty", "x"))
    ([['1'], ['on']], [])
    >>> list(yaml_documents("- 1\n---\n- on", "x", texts_only=False))
    [[1], [True]]
    """
    with _located(text, where):
        loader = _loader(text, texts_only)
        while loader.check_node():
            node = loader.get_node()
            _refuse(alias_fault(node) or (None if texts_only else _fault(node, set())), where)
            yield loader.construct_document(node)


def _refuse(fault: Fault | None, where: str) -> None:
    if fault is not None:
        mark, reason = fault
        raise YamlError(where, mark.line + 1, mark.column + 1, reason)


@contextmanager
def _located(text: str, where: str) -> Iterator[None]:
    """Turn what the parser raises into a `YamlError`."""
    try:
        yield
    except RecursionError:
        raise YamlError(where, 1, 1, "not YAML that is read here: nested too deeply") from None
    except yaml.YAMLError as error:
        raise YamlError(where, *_explained(error, text)) from None


def _loader(text: str, texts_only: bool) -> Any:
    """Return libyaml's loader for what it reads without complaint, else Python's, whose words we know.

    libyaml is eight times as fast; what nests deep enough overflows its stack, and it takes tabs, and
    question marks within brackets, that Python's refuses.
    """
    quick, plain = (_QuickBase, yaml.BaseLoader) if texts_only else (_Quick, _Loader)
    alike = _shallow(text) and not _READ_OTHERWISE.search(text) and not _asks(text) and _sound(text)
    return (quick if alike else plain)(text)


def _shallow(text: str) -> bool:
    """Say whether nothing can be nested deeply: a bracket opens a level, a column begins two at most."""
    return text.count("[") + text.count("{") <= _DEEP and max(map(len, text.splitlines()), default=0) <= _DEEP


def _asks(text: str) -> bool:
    """Say whether a question mark may stand within brackets: one comes after the first of them."""
    opened = [place for place in map(text.find, "[{") if place >= 0]
    return text.rfind("?") > min(opened, default=len(text))


def _sound(text: str) -> bool:
    """Say whether libyaml reads it, without tags and anchors: it ends their names elsewhere than Python's."""
    try:
        return not any(
            getattr(event, "tag", None) or getattr(event, "anchor", None)
            for event in yaml.parse(text, _QuickBase)
        )
    except yaml.YAMLError:
        return False


class _Said:
    """Mistakes about values say where they are."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)  # type: ignore[misc]
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError):
            reason = f"{_short(node)} is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark) from None


class _Loader(_Said, yaml.SafeLoader): ...


class _Quick(_Said, getattr(yaml, "CSafeLoader", yaml.SafeLoader)): ...  # type: ignore[misc]


def _fault(node: yaml.Node | None, seen: set[int]) -> Fault | None:
    """Find a tag, a character or a second key that has no place in a file of settings."""
    if node is None or id(node) in seen:
        return None
    seen.add(id(node))
    if node.tag not in _PLAIN:
        return node.start_mark, f"the tag {node.tag!r} has no place here"
    if isinstance(node, yaml.ScalarNode):
        odd = _ODD.search(node.value)
        return (node.start_mark, f"the character U+{ord(odd[0]):04X} has no place here") if odd else None
    parts = (_fault(part, seen) for part in children(node))
    return _second_key(node) or next((fault for fault in parts if fault is not None), None)


def _second_key(node: yaml.Node) -> Fault | None:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else ("", "")
        if name in lines:
            return key.start_mark, f"the key {_short(key)} is written twice, first in line {lines[name]}"
        if any(name):
            lines[name] = key.start_mark.line + 1
    return None


def _explained(error: yaml.YAMLError, text: str) -> tuple[int, int, str]:
    """Return line, column and reason of an error of the parser."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        return before.count("\n") + 1, column, f"not YAML: the character U+{error.character:04X}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1, 1, f"not YAML: {' '.join(str(error).split())}"
    mark = error.problem_mark or error.context_mark
    words = ", ".join(part for part in (error.context, error.problem) if part)
    reason = words if isinstance(error, yaml.constructor.ConstructorError) else f"not YAML: {words}"
    return (mark.line + 1, mark.column + 1, reason) if mark else (1, 1, reason)


def _short(node: yaml.Node) -> str:
    return reprlib.repr(node.value) if isinstance(node, yaml.ScalarNode) else "this"
