"""Who may write where: tokens, and the accounts, clusters and sensors that each may write for.

The file holds hashes of tokens, or the names of environment variables that hold them, never a token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import pydantic

from rtml.captures.sensors import SENSORS
from rtml.errors import UsageError, did_you_mean
from rtml.reading.faults import Count, validated
from rtml.reading.user_yaml import read_yaml
from rtml.serving.refusing import Refusal, shown

__all__ = ["UNKNOWN", "Client", "Policy", "Where", "read_policy", "where"]

UNKNOWN = "unknown"
"""Folder of batches of which nobody said the account or the cluster."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
_SHORTEST = 16
_WILD = set("*?[")


@dataclass(frozen=True)
class Where:
    """What a batch is for: its ``account``, ``cluster`` (None: not said) and the ``sensor`` that wrote it."""

    account: str | None
    cluster: str | None
    sensor: str

    @property
    def folder(self) -> str:
        """The place of its capture below the server's folder."""
        return f"{self.account or UNKNOWN}/{self.cluster or UNKNOWN}/{self.sensor}"


class Client(pydantic.BaseModel):
    """One token. ``accounts`` and ``clusters`` are names or patterns; ``sensors`` empty: any."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: str
    sha256: Annotated[str, pydantic.Field(pattern="^[0-9a-f]{64}$")] | None = None
    env: str | None = None
    accounts: list[str]
    clusters: list[str]
    sensors: list[str] = []
    bytes_per_second: Annotated[Count, pydantic.Field(gt=0)] | None = None


class _File(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    tokens: list[Client]


@dataclass(frozen=True)
class Policy:
    """Every client with the hash of its token; none: whoever comes may write anywhere (loopback only)."""

    clients: Sequence[tuple[bytes, Client]] = ()

    def who(self, authorization: str | None) -> Client | None:
        """Return the client of a header ``Authorization: Bearer TOKEN``; None where no token is asked for.

        Every hash is compared, each in constant time.

        Raises
        ------
        Refusal
            401: there is no token, or nobody's.
        """
        if not self.clients:
            return None
        asked = {"WWW-Authenticate": "Bearer"}
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal(401, "a token is wanted: send the header Authorization: Bearer TOKEN", asked)
        given = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
        found = [client for digest, client in self.clients if hmac.compare_digest(digest, given)]
        if not found:
            raise Refusal(401, "this token is not known here", asked)
        return found[0]


def read_policy(path: Path, environment: Mapping[str, str] | None = None) -> Policy:
    """Read a file of tokens.

    Raises
    ------
    UsageError
        A key is unknown, a token stands in the file itself, a variable is not set or too short, two
        tokens are one.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "tokens.yml"
    >>> _ = path.write_text("tokens: [{name: a, env: RTML_A, accounts: ['1*'], clusters: [prod]}]")
    >>> policy = read_policy(path, {"RTML_A": "0123456789abcdef"})
    >>> policy.who("Bearer 0123456789abcdef").name
    'a'
    >>> read_policy(path, {})
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...tokens.yml: a: the environment variable RTML_A is not set
    """
    read = read_yaml(path, dict, "a policy is a mapping with the key 'tokens'")
    _no_secrets(path, read)
    clients = validated(_File, read, str(path)).tokens
    values = os.environ if environment is None else environment
    pairs = [(_digest(path, client, values), client) for client in clients]
    if not pairs:
        raise UsageError(f"{path}: no token is listed; nobody could write")
    if len({digest for digest, _ in pairs}) < len(pairs):
        raise UsageError(f"{path}: two entries have one token; give each its own")
    if len({client.name for client in clients}) < len(clients):
        raise UsageError(f"{path}: two entries have one name; give each its own")
    return Policy(pairs)


def _no_secrets(path: Path, read: Mapping[str, object]) -> None:
    tokens = read.get("tokens")
    for entry in tokens if isinstance(tokens, list) else []:
        if isinstance(entry, dict) and {"token", "secret", "password"} & entry.keys():
            hint = "give its sha256, or env with the name of a variable that holds it"
            raise UsageError(f"{path}: tokens never stand in this file; {hint}")


def _digest(path: Path, client: Client, values: Mapping[str, str]) -> bytes:
    where = f"{path}: {client.name}"
    if (client.sha256 is None) == (client.env is None):
        raise UsageError(f"{where}: give either sha256 or env")
    for sensor in client.sensors:
        if sensor not in SENSORS:
            raise UsageError(f"{where}: unknown sensor {sensor!r}; {did_you_mean(sensor, SENSORS)}")
    if client.sha256 is not None:
        return bytes.fromhex(client.sha256)
    token = values.get(client.env or "", "").strip()
    if not token:
        raise UsageError(f"{where}: the environment variable {client.env} is not set")
    if len(token) < _SHORTEST:
        raise UsageError(f"{where}: the token in {client.env} has fewer than {_SHORTEST} letters")
    return hashlib.sha256(token.encode()).digest()


def where(client: Client | None, asked: Mapping[str, str]) -> Where:
    """Return what a batch is for, as far as its client may write there.

    Parameters
    ----------
    client
        Whose token came; None: no tokens are asked for.
    asked
        ``sensor``, ``account`` and ``cluster`` as the client said them. A client that may write for one
        account or cluster only need not say it.

    Raises
    ------
    Refusal
        400: a name is missing or no name (paths are none); 403: the client may not write there.
    """
    sensor = asked.get("sensor", "")
    able = sorted(name for name in SENSORS if SENSORS[name].lines is not None)
    if sensor not in able:
        said = f"unknown sensor {shown(sensor)}" if sensor else "say which sensor wrote this: ?sensor=NAME"
        raise Refusal(400, f"{said}; taken are: {', '.join(able)}")
    if client is not None and client.sensors and sensor not in client.sensors:
        raise Refusal(403, f"this token may not write for the sensor {sensor}")
    return Where(_named(client, asked, "account"), _named(client, asked, "cluster"), sensor)


def _named(client: Client | None, asked: Mapping[str, str], what: str) -> str | None:
    allowed = None if client is None else (client.accounts if what == "account" else client.clusters)
    name = asked.get(what)
    if name is None and allowed is not None:
        if len(allowed) != 1 or set(allowed[0]) & _WILD:
            raise Refusal(400, f"say for which {what} this is: ?{what}=NAME")
        return allowed[0]
    if name is None:
        return None
    if not _NAME.fullmatch(name):
        wanted = "letters, digits and . _ : @ + - (128 at most, the first a letter or digit)"
        raise Refusal(400, f"{shown(name)} is no name of the {what}; a name has {wanted}")
    if allowed is not None and not any(fnmatchcase(name, pattern) for pattern in allowed):
        raise Refusal(403, f"this token may not write for the {what} {shown(name)}")
    return name
