"""YAML that grows without end when its aliases are followed ("billion laughs"), told beforehand."""

from __future__ import annotations

import re

import yaml

__all__ = ["MOST_VALUES", "alias_problem"]

MOST_VALUES = 1_000_000
"""More values than this, aliases followed, are not a rule file."""

_ANCHOR = re.compile(r"(?:^|[\s\[{,:-])&[^\s,\[\]{}]", re.M)


def alias_problem(text: str) -> str | None:
    r"""Say what is wrong with the aliases of a YAML text; null when nothing is.

    Parsers keep an alias as one object, so loading it costs nothing; printing it, comparing it or
    walking it does. Broken YAML is left to the parser, which says where it breaks.

    Examples
    --------
    >>> alias_problem("a: &x [1, 2]\nb: *x")
    >>> alias_problem("a: &x [*x]")
    'line 1: an alias refers to itself'
    """
    if not _ANCHOR.search(text):
        return None
    try:
        for document in yaml.compose_all(text, yaml.SafeLoader):
            problem = _problem(document, {}, set())
            if problem:
                return problem
    except (yaml.YAMLError, RecursionError):
        return None
    return None


def _problem(node: yaml.Node | None, sizes: dict[int, int], open_nodes: set[int]) -> str | None:
    """Add up the values below a node, each distinct node once."""
    if node is None or id(node) in sizes:
        return None
    line = f"line {node.start_mark.line + 1}"
    if id(node) in open_nodes:
        return f"{line}: an alias refers to itself"
    open_nodes.add(id(node))
    total = 1
    for child in _children(node):
        problem = _problem(child, sizes, open_nodes)
        if problem:
            return problem
        total += sizes[id(child)]
    open_nodes.discard(id(node))
    sizes[id(node)] = total
    return f"{line}: more than {MOST_VALUES:,} values by aliases" if total > MOST_VALUES else None


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
