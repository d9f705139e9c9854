"""Audit: what an API user asks for, with which program, from where, about what.

The family of the Kubernetes audit log. Its windows are of users (`rtml.features.api_calls`), so it
is not among the families that a runtime capture has.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Level, Selection
from rtml.baselines.conditional import FLEET, SEPARATOR, WORKLOAD
from rtml.features.api_calls import CALL_COLUMNS
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material

__all__ = ["AUDIT_FAMILY", "PROFILES", "audit"]

_CALLS = Selection(("audit",), CALL_COLUMNS)
_OF_USER = (Level(WORKLOAD), Level(FLEET))
_OF_WORKLOAD = (Level(FLEET, 2), Level(FLEET, 1), Level(FLEET))
_PLACE = pl.concat_str("space", "pod_workload", separator=SEPARATOR)


def _given_user(name: str, column: str) -> Conditional:
    return Conditional(f"audit.{name}", _CALLS, pl.col(column), pl.lit(""), _OF_USER)


CALL = _given_user("call", "call")
"""P(verb and resource | user)."""

AGENT = _given_user("agent", "agent")
"""P(program of the user agent, without its version | user)."""

SOURCE = _given_user("source", "source")
"""P(address that the request came from | user)."""

NAMESPACE = _given_user("namespace", "space")
"""P(namespace of the object | user)."""

PERMISSION = _given_user("permission", "permission")
"""P(what an access review asks for | user)."""

GRANTS = _given_user("grants", "grants")
"""P(what a change gives beyond the ordinary: power over the node, a role, all verbs | user)."""

IMAGES = Conditional("audit.image", _CALLS, pl.col("image_set"), _PLACE, _OF_WORKLOAD)
"""P(images of a pod spec | namespace and workload), whoever asks: controllers make most pods."""

_CONDITIONALS = (CALL, AGENT, SOURCE, NAMESPACE, PERMISSION, GRANTS, IMAGES)
PROFILES = {
    "audit.call": ("user", "API call"),
    "audit.agent": ("user", "user agent"),
    "audit.source": ("user", "address"),
    "audit.namespace": ("user", "namespace"),
    "audit.permission": ("user", "permission asked for"),
    "audit.grants": ("user", "what its changes grant"),
    "audit.image": ("workload", "images"),
}
"""Conditional to the profile that it belongs to, and what it looks at, in words."""


def audit(material: Material) -> pl.DataFrame:
    """Spread of an API user's requests, per user and window.

    Beside the surprise of call, user agent, address, namespace, permission and what is granted given the
    user, and of a pod's images given namespace and workload (`rtml.features.surprise`; backing off to the
    namespace and to all of the cluster):

    - ``calls``: distinct pairs of verb and resource; 0 and up.
    - ``namespaces``: distinct namespaces; 0 and up.

    Fails for a user whom many people share, for a user seen for the first time (all is then judged
    by what others do), and where proxies hide addresses.

    References
    ----------
    Kubernetes auditing, https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/; MITRE ATT&CK
    for containers, https://attack.mitre.org/matrices/enterprise/containers/

    Examples
    --------
    >>> AUDIT_FAMILY.columns[-2:]
    ('audit.calls', 'audit.namespaces')
    """
    cells = material.cells[CALL.name]
    return cells.group_by(CELL).agg(
        calls=pl.col("call").n_unique().cast(pl.Float64),
        namespaces=pl.col("space").n_unique().cast(pl.Float64),
    )


AUDIT_FAMILY = Family("audit", audit, ("calls", "namespaces"), conditionals=_CONDITIONALS)
