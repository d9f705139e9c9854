"""Named arrays as the bytes of one file (``.npz``), and back, without pickle and without surprises."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["array_bytes", "named_arrays"]


def array_bytes(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return the content of a file that holds these arrays; the same arrays give the same bytes."""
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def named_arrays(data: bytes, names: Sequence[str]) -> list[npt.NDArray[Any]]:
    """Return exactly the arrays ``names`` of what `array_bytes` wrote.

    Raises
    ------
    Exception
        Of any kind: zipfile and numpy raise what they like on hostile bytes. The caller takes each for
        a refusal and says of which file.

    Examples
    --------
    >>> named_arrays(array_bytes({"x": np.array([1.0, 2.0])}), ["x"])
    [array([1., 2.])]
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if [member.filename for member in members] != [f"{name}.npy" for name in names]:
            raise ValueError(f"other arrays than {', '.join(names)}")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("compressed arrays, which may be larger than memory")
        content = [io.BytesIO(archive.read(member)) for member in members]
    return [np.load(array, allow_pickle=False) for array in content]
