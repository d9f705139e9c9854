"""YAML that grows without end when its aliases are followed ("billion laughs"), recognised beforehand."""

from __future__ import annotations

import yaml

__all__ = ["MOST_VALUES", "Fault", "alias_fault", "children"]

Fault = tuple[yaml.Mark, str]
"""A place in a file, and what is wrong there."""

MOST_VALUES = 1_000_000
"""More values than this, aliases followed, are not a rule file."""


def alias_fault(node: yaml.Node | None) -> Fault | None:
    """Return where and why the aliases of a document cannot be followed; null where they can.

    Parsers keep an alias as one object, so loading it costs nothing; printing it, comparing it or
    walking it does.
    """
    return _fault(node, {}, set())


def _fault(node: yaml.Node | None, sizes: dict[int, int], open_nodes: set[int]) -> Fault | None:
    """Add up the values below a node, each distinct node once."""
    if node is None or id(node) in sizes:
        return None
    if id(node) in open_nodes:
        return node.start_mark, "an alias refers to itself"
    open_nodes.add(id(node))
    total = 1
    for child in children(node):
        if (fault := _fault(child, sizes, open_nodes)) is not None:
            return fault
        total += sizes[id(child)]
    open_nodes.discard(id(node))
    sizes[id(node)] = total
    return (node.start_mark, f"more than {MOST_VALUES:,} values by aliases") if total > MOST_VALUES else None


def children(node: yaml.Node) -> list[yaml.Node]:
    """Return keys and values of a mapping, or the elements of a list."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
