r"""Places around a key: the key with one or two of its parts open, for `rtml.baselines.drawing`.

Which of them draw names is learnt; here stands only how a key falls into parts. A path lies in the
places that leave one folder open, its name open, or both: ``.git/objects/ab/tmp_obj_x`` in
``.git/objects/*/*``, ``/tmp/pip-x81k/setup.py`` in ``/tmp/*/setup.py``. A domain leaves its first
labels open, an address its host, its network, or its port.

An open part is ``*``; keys hold no other (`rtml.features.paths.path_key`,
`rtml.features.addresses.domain_key` write ``?`` for a star that was in a name).
"""

from __future__ import annotations

import polars as pl

from rtml.baselines.places import Places

__all__ = ["ADDRESSES", "DOMAINS", "PATHS", "SOCKETS"]

_VERB = r"(?:[a-z]+ )*"
_DEEPEST = 8
_FOLDERS = rf"^({_VERB}(?:[^/]*/)*)"
_EXTENSION = r"\.[A-Za-z][A-Za-z0-9]{0,7}"


def _around_path(key: pl.Expr) -> list[pl.Expr]:
    """Return the places of a path after a verb: one part open, the name open, or both."""
    whole_name = pl.when(~key.str.contains(r"\*[^/]*$")).then(key.str.replace(rf"{_FOLDERS}[^/]+$", "${1}*"))
    names = [
        key.str.replace(rf"{_FOLDERS}[^/]+?({_EXTENSION})$", "${1}*${2}"),
        key.str.replace(rf"({_FOLDERS}[^/]+?){_EXTENSION}$", "${1}.*"),
        whole_name,
    ]
    places = list(names)
    for depth in range(_DEEPEST):
        folder = rf"^({_VERB}(?:/[^/ ]+/)?(?:[^/ ]+/){{{depth}}})[^/ ]+/"
        places += [path.str.replace(folder, "${1}*/") for path in (key, *names)]
    return places


def _path_region(key: pl.Expr) -> pl.Expr:
    """Return the verb and the first folder, for the names that a baseline has no room for."""
    return key.str.replace(rf"^({_VERB}(?:/[^/]*/)?).*$", "${1}**")


def _around_socket(key: pl.Expr) -> list[pl.Expr]:
    """Return the places of a key that ends in a path; a call without one lies nowhere."""
    return [pl.when(key.str.contains("/")).then(place) for place in _around_path(key)]


SOCKETS = Places(_around_socket, lambda key: pl.when(key.str.contains("/")).then(_path_region(key)))
"""Of keys of calls, some with the path of a socket or a mount."""

PATHS = Places(_around_path, _path_region)
"""Of keys that are a verb and a path.

Examples
--------
>>> key = pl.Series(["write .git/objects/ab/tmp_obj_x"])
>>> PATHS.table(key)["place"].sort().to_list()
['write */objects/ab/*', 'write */objects/ab/tmp_obj_x', 'write .git/*/ab/*',
 'write .git/*/ab/tmp_obj_x', 'write .git/objects/*/*', 'write .git/objects/*/tmp_obj_x',
 'write .git/objects/ab/*']
"""


def _around_domain(domain: pl.Expr) -> list[pl.Expr]:
    """Return the domain with its first label open, or its first two."""
    return [
        domain.str.replace(r"^[^.]+\.([^.]+\.[^.]+)", "*.$1"),
        domain.str.replace(r"^[^.]+\.[^.]+\.([^.]+\.[^.]+)", "*.*.$1"),
    ]


DOMAINS = Places(_around_domain, lambda domain: domain.str.replace(r"^.*?([^.]*\.[^.]*)$", "**.$1"))
"""Of names asked for; the last two labels never draw."""


def _around_address(key: pl.Expr) -> list[pl.Expr]:
    """Return ``address port`` with the host open, the network open, or the port."""
    host = r"^((?:[0-9]+\.){3}|(?:[0-9a-f]*:){4})[0-9a-f.:]+ "
    network = r"^((?:[0-9]+\.){2}|(?:[0-9a-f]*:){3})[0-9a-f.:]+ "
    ports = key.str.replace(" [^ ]*$", " *")
    return [key.str.replace(host, "${1}* "), key.str.replace(network, "${1}*.* "), ports]


ADDRESSES = Places(_around_address, lambda key: key.str.replace("^.* ", "** "))
"""Of addresses with their ports; beyond the room of a baseline they are one per port."""
