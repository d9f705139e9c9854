"""Clients of AWS: by its standard chain of credentials, retried by botocore; the extra ``rtml[aws]``."""

from __future__ import annotations

import re
from typing import Any

from rtml.errors import RtmlError, UsageError

__all__ = ["client", "region_of"]

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")


def client(service: str, region: str) -> Any:
    """Return a client of a service.

    Raises
    ------
    RtmlError
        boto3 is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise RtmlError("AWS needs boto3: pip install 'rtml[aws]'") from error
    retried = Config(
        retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=20
    )
    return boto3.client(service, region_name=region, config=retried)


def region_of(text: str) -> str:
    """Return a region, or say how one is written.

    Examples
    --------
    >>> region_of("eu-west-1")
    'eu-west-1'
    """
    if not _REGION.fullmatch(text):
        raise UsageError(f"{text!r}: no region of AWS, like eu-west-1")
    return text
