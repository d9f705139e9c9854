r"""Path classes: what a path says once process ids, counters and random parts are taken out.

`normalise` replaces the parts that vary without meaning: ``/proc/4711/maps`` and ``/proc/12/maps``
are one place, so are two temporary files of one program. `path_class` goes on to the folder and the
extension where single names carry little (program files, data, temporary folders), and keeps the
whole name where it carries much (``/etc``, home and key folders, ``/proc``, ``/sys``, ``/dev``,
sockets, schedules).

Both are chains of regular expressions in Rust (linear time, no back-tracking, so hostile names cost
no more than others), meant for distinct values. Fails when a name is random in words, and folds
``x-1`` into ``x-2``: versions and replicas are one class.
"""

from __future__ import annotations

import polars as pl

__all__ = ["LONGEST", "normalise", "path_class"]

LONGEST = 4096
"""Characters of a path that are looked at (the kernel's PATH_MAX); longer ones are cut."""

_FIXED = (
    (r"[\x00-\x1f\x7f]", "?"),  # a name with a line break must not look like two
    (r"/+", "/"),
    (r"(/\.)+(/|$)", "$2"),
    (r" \(deleted\)$", ""),
)
_VARYING = (
    (r"^/memfd:.*", "/memfd:*"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "*"),
    (r"\b[0-9a-fA-F]{12,}\b", "*"),  # digests, container ids
    (r"([._-])[A-Za-z]*[0-9]+[A-Za-z]+[0-9][A-Za-z0-9]*\b", "${1}*"),  # pod suffixes
    (r"(^|[/._:-])[0-9]+\b", "${1}#"),  # process ids, counters, versions
    (r"[0-9]{3,}", "#"),
    (r"#([._-]#)+", "#"),
)
_TELLING = (
    r"^/(etc|root|proc|sys|dev|run|var/run|boot|var/spool|host|mnt|media|srv|data)(/|$)"
    r"|^/home(/|$)|/\.(ssh|aws|kube|docker|gnupg|config|azure|gcloud)(/|$)"
    r"|/(secrets|serviceaccount|cron[^/]*)(/|$)|^[^/]"
)
_DEEP = r"^((?:/[^/]+){8})/.*$"
_FOLDER = r"^((?:/[^/]+){0,4})"
_HIDDEN = r"/(\.)[^/]*$"
_EXTENSION = r"[^/.][^/]*?(\.[A-Za-z][A-Za-z0-9]{0,7})$"


def _apply(text: pl.Expr, steps: tuple[tuple[str, str], ...]) -> pl.Expr:
    for pattern, replacement in steps:
        text = text.str.replace_all(pattern, replacement)
    return text


def normalise(path: pl.Expr) -> pl.Expr:
    """Replace what varies without meaning in a path: ``#`` for numbers, ``*`` for random parts.

    Examples
    --------
    >>> paths = ["/proc/4711/maps", "/proc/self/maps", "/tmp/tmp.Xa81kQ02/x.sh", "/etc/shadow",
    ...          "/usr/bin/python3.11", "/srv/job-29412.log", "/run/containers/7c9e6679f0b1a/pid",
    ...          ".git/objects/ab/5f6b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a"]
    >>> for row in pl.DataFrame({"p": paths}).select(normalise(pl.col("p")))["p"]: row
    '/proc/#/maps'
    '/proc/self/maps'
    '/tmp/tmp*/x.sh'
    '/etc/shadow'
    '/usr/bin/python3.#'
    '/srv/job-#.log'
    '/run/containers/*/pid'
    '.git/objects/*/*'
    """
    return _apply(_apply(path.str.slice(0, LONGEST), _FIXED), _VARYING)


def path_class(path: pl.Expr) -> pl.Expr:
    """Return the class of a path: the name where names tell, else folder, dot and extension.

    Examples
    --------
    >>> paths = ["/etc/passwd", "/usr/lib/python3.11/json/decoder.py", "/tmp/.x", "/tmp/a.sh",
    ...          "/var/lib/redis/dump.rdb", "/tmp/dpkg.Qnuf7c", "/tmp/dpkg.cjofzl",
    ...          "/root/.ssh/id_rsa",
    ...          "/proc/1/environ", "/", ""]
    >>> for row in pl.DataFrame({"p": paths}).select(path_class(pl.col("p")))["p"]: row
    '/etc/passwd'
    '/usr/lib/python3.#/json/*.py'
    '/tmp/.*'
    '/tmp/*.sh'
    '/var/lib/redis/*.rdb'
    '/tmp/*.*'
    '/tmp/*.*'
    '/root/.ssh/id_rsa'
    '/proc/#/environ'
    '/'
    ''
    """
    clean = normalise(path.str.replace_all("*", "?", literal=True))
    parent = clean.str.extract(r"^(.*)/[^/]*$", 1)
    folder = parent.str.extract(_FOLDER, 1)
    dot = clean.str.extract(_HIDDEN, 1).fill_null("")
    extension = clean.str.extract(_EXTENSION, 1).fill_null("")
    coarse = pl.concat_str([folder, pl.lit("/"), dot, pl.lit("*"), extension])
    name = clean.str.replace(_DEEP, "$1/**")
    telling = clean.str.contains(_TELLING) | clean.str.contains("^/?[^/]*$")
    return pl.when(telling).then(name).otherwise(coarse)
