"""Trees of processes as typed objects, where they are as the agent writes them.

What has another type, or is deeper than is read, is left to whoever reads JSON of any kind: None.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

__all__ = ["Node", "tree_of"]

_Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Scalar = str | _Number | None
"""Numbers of 64 bits: other parsers make fractions of larger ones."""


class Node(msgspec.Struct, gc=False):
    """A process, with its children in a map or in a list."""

    pid: _Scalar = None
    ppid: _Scalar = None
    comm: _Scalar = None
    pcomm: _Scalar = None
    path: _Scalar = None
    cmdline: _Scalar = None
    cwd: _Scalar = None
    uid: _Scalar = None
    startTime: _Scalar = None
    childrenMap: dict[str, Node | None] | None = None
    children: dict[str, Node | None] | list[Node | None] | None = None


class _Details(msgspec.Struct, gc=False):
    processTree: Node | str | None = None


_details = msgspec.json.Decoder(_Details).decode
_tree = msgspec.json.Decoder(Node | None).decode
_REFUSALS = (msgspec.MsgspecError, UnicodeError, RecursionError)


def tree_of(text: str) -> tuple[Node | None] | None:
    """Return the top of the tree that details of processes hold, None in a tuple where there is none.

    Examples
    --------
    >>> (top,) = tree_of('{"processTree": {"pid": 7, "childrenMap": {"sh": {"pid": 8}}}}')
    >>> top.pid, [node.pid for node in top.childrenMap.values()]
    (7, [8])
    >>> tree_of('{}'), tree_of('{"processTree": {"pid": 1.5}}')
    ((None,), None)
    """
    try:
        tree = _details(text).processTree
        return (_tree(tree) if isinstance(tree, str) else tree,)
    except _REFUSALS:
        return None
