"""How a notebook begins: from any folder, on any capture, and with errors that are one sentence."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rtml.captures import Capture, open_captures
from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.text import visible
from rtml.tracking.places import is_remote
from rtml.tracking.store import DEFAULT_URI

__all__ = ["begin", "path_of", "short_errors"]


def begin(capture: str | Path | list[str | Path]) -> Capture:
    """Open what a notebook is about; from here on an error of rtml is one sentence, at which the run ends.

    Parameters
    ----------
    capture
        A capture or several; a path is looked for here and in the folders above (`path_of`).

    Raises
    ------
    RtmlError
        There is no capture.

    Examples
    --------
    >>> begin("datasets/lab-v1/capture")
    Capture('datasets/lab-v1/capture': 388,788 events of 12 containers, 30:29 min)
    """
    short_errors()
    places = capture if isinstance(capture, list | tuple) else [capture]
    return open_captures([path_of(place) for place in places])


def path_of(place: str | Path) -> str:
    """Return a path as it is, or as it is called from here when it lies in a folder above.

    Notebooks are opened from their own folder and from the root; what a store or MLflow resolves stays
    as it is, and MLflow looks for its runs in the folders above too.

    Raises
    ------
    UsageError
        It is no path.
    MissingFileError
        It is in none of them.
    """
    if not isinstance(place, str | Path) or not str(place):
        raise UsageError(f"a path or an address is needed, not {visible(repr(place))}: see the first cell")
    text = str(place)
    if is_remote(text):
        _look_above()
    if "://" in text or is_remote(text) or Path(text).exists():
        return text
    for folder in Path.cwd().resolve().parents:
        if (folder / text).exists():
            return os.path.relpath(folder / text)
    raise MissingFileError(f"{visible(text)}: no such file or folder, here in {Path.cwd()} or above it")


def _look_above() -> None:
    """Let MLflow look into the runs that were tracked in a folder above, where nothing else is said."""
    store = Path(DEFAULT_URI.removeprefix("sqlite:///"))
    if os.environ.get("MLFLOW_TRACKING_URI") or store.exists():
        return
    above = (folder / store for folder in Path.cwd().resolve().parents)
    if (nearest := next((place for place in above if place.is_file()), None)) is not None:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{nearest}"


def short_errors() -> None:
    """Let this notebook show errors of rtml as one sentence; does nothing outside of IPython."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is not None:
        shell.set_custom_exc((RtmlError,), _told)
        # One that is raised while a value is shown goes another way in IPython, which asks the error itself.
        RtmlError._render_traceback_ = _sentence  # type: ignore[attr-defined]


def _sentence(error: BaseException) -> list[str]:
    return [visible(str(error), 2000)]


def _told(shell: Any, kind: type[BaseException], error: BaseException, *_: Any, **__: Any) -> list[str]:
    """Write the sentence; the cell has failed all the same, so that what follows it is not run."""
    (sentence,) = _sentence(error)
    sys.stderr.write(f"{sentence}\n")
    shell._last_traceback = [sentence]
    return [sentence]
