"""A scikit-learn isolation forest as a skops file that is the same bytes for the same forest.

skops writes no code, but trees are where it must trust: ``sklearn.tree._tree.Tree`` follows node
indices without checking them, so a crafted file could read outside its memory. Therefore exactly
that one type is trusted, and before anything is built from a file

1. the file must be in canonical form (members in order, ids unique, stored uncompressed, padding
   zero): skops names parts by memory address, lets an id stand for an earlier part, and writes
   leftover memory between the fields of a node; all three end here;
2. the arrays of every tree are read (never unpickled) and their indices, sizes and thresholds
   checked.

References
----------
skops persistence, https://skops.readthedocs.io/en/stable/persistence.html
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt
import skops.io
from sklearn.ensemble import IsolationForest
from sklearn.tree import ExtraTreeRegressor

from rtml.errors import RtmlError

__all__ = ["TRUSTED", "check_nodes", "dump_forest", "load_forest"]

TRUSTED = ["sklearn.tree._tree.Tree"]
"""The one type beyond skops's own list that a forest needs."""

_SCHEMA = "schema.json"


def dump_forest(forest: IsolationForest) -> bytes:
    """Return the forest as canonical skops bytes."""
    return _canonical(skops.io.dumps(forest))


def load_forest(data: bytes, columns: int) -> IsolationForest:
    """Build the forest of `dump_forest` that looks at ``columns`` columns, or refuse.

    Whatever is wrong with the bytes ends in `RtmlError`.
    """
    try:
        if _canonical(data) != data:
            raise ValueError("not in canonical form")
        _check_trees(data, columns)
        forest = skops.io.loads(data, trusted=TRUSTED)
        _check_forest(forest, columns)
    # skops, zipfile, numpy and json each raise what they like on hostile bytes: all is refusal.
    except Exception as error:
        raise RtmlError(f"not a sound isolation forest ({type(error).__name__}: {error})") from None
    return forest


def _canonical(data: bytes) -> bytes:
    """Rewrite a skops file with ids and member names by order of appearance, and no clock."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("compressed members")
        schema = json.loads(archive.read(_SCHEMA))
        members: dict[str, str] = {}
        for number, part in enumerate(_parts(schema)):
            part["__id__"] = number
            if "file" in part:
                part["file"] = members.setdefault(part["file"], f"{len(members):06d}.npy")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as rewritten:
            for old, new in members.items():
                rewritten.writestr(zipfile.ZipInfo(new), _without_padding(archive.read(old)))
            text = json.dumps(schema, sort_keys=False, separators=(",", ":"))
            rewritten.writestr(zipfile.ZipInfo(_SCHEMA), text)
    return out.getvalue()


def _without_padding(data: bytes) -> bytes:
    """Zero the unused bytes between the fields of a node array: they are leftover memory."""
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.names is None:
        return data
    clean = np.zeros(array.shape, array.dtype)  # zeros_like would leave the padding as it is
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(clean)
    np.lib.format.write_array_header_1_0(out, header)
    # As plain bytes: np.save copies field by field, and would fill the padding anew.
    return bytes(out.getvalue()) + clean.view(np.uint8).tobytes()


def _parts(schema: Any) -> list[dict[str, Any]]:
    """Return every part of a skops schema (a dict with ``__id__``), in document order."""
    found, todo = [], [schema]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if "__id__" in part:
                found.append(part)
            todo += reversed(list(part.values()))
        elif isinstance(part, list):
            todo += reversed(part)
    return found


def _check_trees(data: bytes, columns: int) -> None:
    """Check every tree in the file by its arrays alone."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(_SCHEMA))
        for part in _parts(schema):
            if "Tree" not in (part.get("__class__"), part.get("__loader__", "")[:4]):
                continue
            state = part["content"]["content"]
            nodes, values = (_array(archive, state[name]) for name in ("nodes", "values"))
            count, depth = (json.loads(state[name]["content"]) for name in _COUNTS)
            width, classes, outputs = part["__reduce__"]["args"]["content"]
            shape = [json.loads(width["content"]), json.loads(outputs["content"])]
            if shape != [columns, 1] or _array(archive, classes).tolist() != [1]:
                raise ValueError("a tree for other columns or outputs")
            if type(count) is not int or type(depth) is not int or count != len(nodes):
                raise ValueError("a tree with a wrong node count")
            if values.shape != (count, 1, 1) or not 0 <= depth <= count:
                raise ValueError("a tree with wrong values or depth")
            check_nodes(nodes, columns)


_COUNTS = ("node_count", "max_depth")


def _array(archive: zipfile.ZipFile, part: dict[str, Any]) -> npt.NDArray[Any]:
    if part["__loader__"] != "NdArrayNode" or part["type"] != "numpy":
        raise ValueError("an array that is stored in another way")
    data = archive.read(part["file"])
    array = np.load(io.BytesIO(data), allow_pickle=False)
    return np.asarray(array)


def check_nodes(nodes: npt.NDArray[Any], columns: int) -> None:
    """Raise `ValueError` unless a node array is a binary tree whose every index is in range.

    scikit-learn stores trees depth first, so a child comes after its parent: that also rules out
    cycles. Each node but the root must be the child of exactly one node.
    """
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = left == -1
    if nodes.ndim != 1 or not 0 < len(nodes) < 2**24 or np.any(leaf != (right == -1)):
        raise ValueError("a tree without nodes, or a node with one child")
    place = np.arange(len(nodes))[~leaf]
    children = np.concatenate([left[~leaf], right[~leaf]])
    if np.any(left[~leaf] <= place) or np.any(right[~leaf] <= place):
        raise ValueError("a child that does not come after its parent")
    if not np.array_equal(np.sort(children), np.arange(1, len(nodes))):
        raise ValueError("a node that is nobody's child, or a child out of range")
    feature, threshold = nodes["feature"][~leaf], nodes["threshold"][~leaf]
    if np.any((feature < 0) | (feature >= columns)) or not np.all(np.isfinite(threshold)):
        raise ValueError("a split on a column that does not exist, or at no number")
    samples = nodes["n_node_samples"]
    below = samples[left[~leaf]] + samples[right[~leaf]]
    if np.any(samples < 1) or np.any(below != samples[~leaf]):
        raise ValueError("node sizes that do not add up")


def _check_forest(forest: Any, columns: int) -> None:
    """Check that what was built is a forest of the expected kind; trees were checked before."""
    if type(forest) is not IsolationForest or forest.n_features_in_ != columns:
        raise ValueError("not an isolation forest for these columns")
    trees = forest.estimators_
    if not trees or any(type(tree) is not ExtraTreeRegressor for tree in trees):
        raise ValueError("an isolation forest without its trees")
    for tree, chosen in zip(trees, forest.estimators_features_, strict=True):
        if not np.array_equal(chosen, np.arange(columns)) or tree.tree_.n_features != columns:
            raise ValueError("a tree that looks at other columns")
    if type(forest.max_samples_) is not int or forest.max_samples_ < 2:
        raise ValueError("a forest of no samples")
