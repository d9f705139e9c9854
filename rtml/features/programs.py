"""Programs: how an event names its program, and which are shells and network services."""

from __future__ import annotations

import polars as pl

from rtml.baselines import Level
from rtml.baselines.conditional import FLEET, IMAGE, REPOSITORY, WORKLOAD
from rtml.features.paths import normalise

__all__ = [
    "BARE",
    "GIVEN_PROGRAM",
    "PROGRAM",
    "SERVICES",
    "SHELLS",
    "name_of",
    "runs",
    "settled",
    "with_bare",
]

BARE = "bare"
"""Column with the bare name of a program (``comm``) where its path is unknown, else null."""

_MADE = r"\b(tmp|temp)[._-]?[A-Za-z0-9_]{6,}\b"


def settled(path: pl.Expr) -> pl.Expr:
    """Return the path of a program without what varies, temporary names (mktemp) included.

    A program is what others are given: a context that was never seen has no history to learn from
    that its name was drawn, so here the pattern must be listed.

    Examples
    --------
    >>> paths = pl.DataFrame({"exe": ["/tmp/tmp.Xa81kQ02/configure", "/usr/bin/python3.11"]})
    >>> paths.select(settled(pl.col("exe")))["exe"].to_list()
    ['/tmp/tmp*/configure', '/usr/bin/python3.#']
    """
    return normalise(path.str.replace_all(_MADE, "$1*"))


PROGRAM = pl.coalesce(settled(pl.col("exe")), "[" + pl.col(BARE) + "]")
"""The program of an event: its normalised path, else ``[comm]`` as ``ps`` writes it, else null."""

GIVEN_PROGRAM = (
    Level(IMAGE, 1),
    Level(WORKLOAD, 1),
    Level(REPOSITORY, 1),
    Level(FLEET, 1),
    Level(WORKLOAD),
    Level(FLEET),
)
"""Back-off of what is given the program: this workload's first, then wider, then whatever program did it."""

SHELLS = ("ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "rbash", "sh", "tcsh", "zsh")
"""Programs that run commands given to them as text."""

SERVICES = (
    "apache",
    "apache2",
    "beam.smp",
    "caddy",
    "consul",
    "envoy",
    "etcd",
    "gunicorn",
    "haproxy",
    "httpd",
    "java",
    "lighttpd",
    "mariadbd",
    "memcached",
    "mongod",
    "mysqld",
    "named",
    "nginx",
    "node",
    "nodejs",
    "perl",
    "php",
    "php-cgi",
    "php-fpm",
    "postgres",
    "puma",
    "python",
    "rabbitmq-server",
    "redis-server",
    "ruby",
    "smbd",
    "squid",
    "traefik",
    "unicorn",
    "uvicorn",
    "uwsgi",
    "varnishd",
    "vsftpd",
)
"""Programs that serve a network, among them the interpreters that web applications run in."""


def with_bare(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add the column `BARE`. A ``comm`` is easily forged, so a path goes before it."""
    return events.with_columns(pl.when(pl.col("exe").is_null()).then("comm").alias(BARE))


def name_of(path: pl.Expr) -> pl.Expr:
    """Return the file name of a program, without folder and version.

    Examples
    --------
    >>> paths = pl.DataFrame({"exe": ["/usr/bin/python3.11", "nginx", "[php-fpm7.4]", "/bin/sh"]})
    >>> paths.select(name_of(pl.col("exe")))["exe"].to_list()
    ['python', 'nginx', 'php-fpm', 'sh']
    """
    name = path.str.strip_chars("[]").str.extract("([^/]*)$", 1)
    return name.str.replace(r"[-_]?[0-9]+(\.[0-9]+)*$", "")


def runs(path: pl.Expr, names: tuple[str, ...]) -> pl.Expr:
    """Whether a program is one of ``names``, with or without a version in its name."""
    bare = path.str.strip_chars("[]").str.extract("([^/]*)$", 1)
    return (name_of(path).is_in(list(names)) | bare.is_in(list(names))).fill_null(False)
