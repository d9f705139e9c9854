"""YAML that other tools read: every text quoted that could be read as anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from rtml.text import visible

__all__ = ["left_out", "yaml_text"]

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.+-]*")
_WIDE = 10_000  # no text is folded over lines
_LINE = 1000
_SHOWN = 5


class _Dumper(yaml.SafeDumper):
    """The safe dumper, without aliases, and with quotes round all but plain words and paths."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, None if _PLAIN.fullmatch(value) else '"')


_Dumper.add_representer(str, _text)


def yaml_text(document: Any, comments: Iterable[str] = ()) -> str:
    r"""Return a document as YAML, in the order of its keys, ASCII only, below comments.

    Parameters
    ----------
    document
        Mappings, lists, texts, numbers, truth values.
    comments
        A line each; control characters are spelled out, so that none becomes a second line.

    Examples
    --------
    >>> print(yaml_text({"path": "/etc/x: y\n- z", "on": "no", "n": "1e3"}, ["a\nb: c"]), end="")
    # a\nb: c
    path: "/etc/x: y\n- z"
    'on': 'no'
    n: "1e3"
    """
    told = (visible(line, _LINE).encode("ascii", "backslashreplace").decode() for line in comments)
    head = "".join(f"# {line}\n" for line in told)
    return head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDE)


def left_out(what: str, names: Iterable[str]) -> list[str]:
    """Return the comment that says what a format could not take; none when it took all.

    Examples
    --------
    >>> left_out("no paths", ["[sh]", "pipe:"])
    ['Left out, no paths (2): [sh], pipe:']
    """
    all_names = sorted(names)
    more = " ..." if len(all_names) > _SHOWN else ""
    shown = ", ".join(visible(name, 40) for name in all_names[:_SHOWN])
    return [f"Left out, {what} ({len(all_names)}): {shown}{more}"] if all_names else []
