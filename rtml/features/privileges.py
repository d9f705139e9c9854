"""Privileges: as which user a program runs.

A container runs each of its programs as one user, most often. The same program as another one is a step up (a
setuid program, sudo, a shell into the container as root) or down (a service that leaves its user).
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Level, Selection
from rtml.baselines.conditional import FLEET, IMAGE, REPOSITORY, WORKLOAD
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.programs import BARE, PROGRAM, with_bare

__all__ = ["PRIVILEGES", "USER", "privileges"]

_UID, _EUID = pl.col("uid"), pl.col("euid")

USER = Conditional(
    name="privileges.user",
    selection=Selection(
        ("exec",),
        ("exe", BARE, "uid", "euid"),
        where=_UID.is_not_null() | _EUID.is_not_null(),
        prepare=with_bare,
    ),
    key=pl.concat_str([_UID, pl.when(_EUID != _UID).then(_EUID)], separator=" as ", ignore_nulls=True),
    subject=PROGRAM,
    levels=(
        Level(IMAGE, 1),
        Level(WORKLOAD, 1),
        Level(REPOSITORY, 1),
        Level(FLEET, 1),
        Level(WORKLOAD),
        Level(FLEET),
    ),
)
"""P(user, and effective user where it is another | program) over programs started."""


def privileges(material: Material) -> pl.DataFrame:
    """Users of programs, per container and window.

    Beside the surprise of the user given the program (`USER`; `rtml.features.surprise`):

    - ``users``: distinct users, effective ones too, as whom programs were started; 0 and up, 0 in a window that
      starts none, or whose sensor gives no users.

    Calls that give or take privileges are the business of ``calls``. Fails when everything in a container runs as root, as
    most do, when a process changes its user and starts nothing, and in user namespaces, if the sensor gives
    the number inside.

    References
    ----------
    MITRE ATT&CK T1548.001 and T1078, https://attack.mitre.org/techniques/T1548/001/; credentials(7),
    https://man7.org/linux/man-pages/man7/credentials.7.html.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 3, "seq": [1, 2, 3],
    ...     "kind": ["exec"] * 3, "container_id": ["c"] * 3, "exe": ["/bin/su"] * 3, "uid": [33, 33, 33],
    ...     "euid": [33, None, 0]})
    >>> windows(events, families=["privileges"]).row(0, named=True)["privileges.users"]
    2.0
    """
    started = material.cells[USER.name]
    users = pl.concat([started.select(*CELL, user=pl.col(name)) for name in ("uid", "euid")])
    return users.drop_nulls("user").group_by(CELL).agg(users=pl.col("user").n_unique().cast(pl.Float64))


PRIVILEGES = Family(
    "privileges",
    privileges,
    ("users",),
    conditionals=(USER,),
    purpose="PrivilegeEscalation",
    phrase="user given the program",
)
