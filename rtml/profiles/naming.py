"""Names of workloads as other tools allow them."""

from __future__ import annotations

import hashlib
import re

__all__ = ["dns_label", "identifier"]

_LONGEST = 63
_HASH = 8


def dns_label(name: str) -> str:
    r"""Return a name as an RFC 1123 label: lower-case letters, digits and ``-``, at most 63 characters.

    A name that is no label already gets eight digits of its SHA-256 behind it, so that two names
    never become one.

    References
    ----------
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/

    Examples
    --------
    >>> dns_label("web"), dns_label("Shop/Web"), dns_label("\x1b")
    ('web', 'shop-web-da9de6e4', 'workload-77adfc95')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower(), flags=re.ASCII).strip("-")
    if plain and plain == name and len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    short = plain[: _LONGEST - _HASH - 1].rstrip("-") or "workload"
    return f"{short}-{digest}"


def identifier(name: str) -> str:
    """Return `dns_label` with ``_`` for ``-``: a name of a macro or a list.

    Examples
    --------
    >>> identifier("shop-web")
    'shop_web'
    """
    return dns_label(name).replace("-", "_")
