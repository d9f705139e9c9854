"""Where runs are kept, and MLflow itself: imported when needed, quiet, its errors in our words."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from rtml.errors import RtmlError, first_line

__all__ = ["DEFAULT_URI", "clear_errors", "configured", "mlflow_here", "quiet", "shown_uri", "tracking_uri"]

DEFAULT_URI = "sqlite:///mlflow.db"

_RETRIES = "3"  # MLflow's own seven double their pauses: minutes until a wrong address is said


def configured() -> bool:
    """Return whether somebody said where runs are kept."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI"))


def tracking_uri() -> str:
    """Return where runs are kept."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def shown_uri(uri: str | None = None) -> str:
    """Return where runs are kept as it may be printed: without user and password.

    Examples
    --------
    >>> shown_uri("postgresql://rtml:secret@db/mlflow"), shown_uri("sqlite:///mlflow.db")
    ('postgresql://…@db/mlflow', 'sqlite:///mlflow.db')
    """
    return re.sub(r"(?<=://)[^/?#]*@", "…@", tracking_uri() if uri is None else uri)


def mlflow_here() -> ModuleType:
    """Import MLflow with its telemetry off, and point it at `tracking_uri`.

    Raises
    ------
    RtmlError
        MLflow is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", _RETRIES)
    # A server makes the client print an address per run, on standard output, where `--json` writes.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    try:
        with quiet():
            import mlflow
    except ImportError as error:
        raise RtmlError("MLflow is not installed: pip install 'rtml[mlflow]'") from error
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    said = configured()
    mlflow.set_tracking_uri(tracking_uri())
    if not said:  # MLflow writes into the environment what it is told, and our default is nobody's wish
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    module: ModuleType = mlflow
    return module


@contextmanager
def quiet() -> Iterator[None]:
    """Silence MLflow's own deprecation warnings: nothing here can fix them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def clear_errors(mlflow: ModuleType, where: str) -> Iterator[None]:
    """Turn what MLflow raises into one line that says where, without credentials.

    Raises
    ------
    RtmlError
        The store cannot be reached, lacks a driver, or refuses.
    """
    try:
        with quiet():
            yield
    except mlflow.exceptions.MlflowException as error:
        raise RtmlError(f"MLflow at {shown_uri(where)}: {_short(first_line(error))}") from error
    except _of_others() as error:  # MLflow lets them through: a full disk, a bucket without credentials
        raise RtmlError(f"MLflow at {shown_uri(where)}: {first_line(error)}") from error
    except ModuleNotFoundError as error:
        raise RtmlError(f"MLflow at {shown_uri(where)} needs the package {error.name!r}") from error


_OF_OTHERS = {"sqlalchemy.exc": ("SQLAlchemyError",), "botocore.exceptions": ("BotoCoreError", "ClientError")}


def _of_others() -> tuple[type[Exception], ...]:
    """Return the errors of databases and of S3, where these are there to make them."""
    loaded = ((sys.modules[name], kinds) for name, kinds in _OF_OTHERS.items() if name in sys.modules)
    return tuple(getattr(module, kind) for module, kinds in loaded for kind in kinds)


def _short(message: str) -> str:
    """Return what failed, without the pile of wrapped reasons around a refused connection.

    Examples
    --------
    >>> _short("API request to http://a:b@h:1/x failed with exception HTTPConnectionPool(host='h'): …")
    'API request to http://…@h:1/x failed (nobody answers there?)'
    """
    head, broken, _ = message.partition(" failed with exception ")
    return shown_uri(f"{head} failed (nobody answers there?)" if broken else message)
