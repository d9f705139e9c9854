"""Places: which keys lie around a key, and that a hostile name cannot pass for one."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.features.destinations import DOMAIN
from rtml.features.files import READ
from rtml.features.places import ADDRESSES, DOMAINS, PATHS, SOCKETS


def around(places, key: str) -> list[str]:
    return sorted(places.table(pl.Series([key]))["place"])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("unlink 5c", ["unlink *"]),
        ("read /etc/passwd", ["read /etc/*"]),
        ("write /tmp/a.sh", ["write /tmp/*", "write /tmp/*.sh", "write /tmp/a.*"]),
        ("read /a/b/c", ["read /a/*/*", "read /a/*/c", "read /a/b/*"]),
        (
            "refused write .git/t81kQ0",
            ["refused write */*", "refused write */t81kQ0", "refused write .git/*"],
        ),
        ("read /", []),
        ("read /srv/x/", ["read /srv/*/"]),
    ],
)
def test_a_path_lies_where_one_or_two_of_its_parts_are_open(key, expected):
    assert around(PATHS, key) == expected


def test_calls_without_a_path_lie_nowhere():
    assert around(SOCKETS, "ptrace PTRACE_ATTACH") == around(SOCKETS, "bind 8080") == []
    assert around(SOCKETS, "connect socket /run/x") == ["connect socket /run/*"]


def test_domains_and_addresses():
    assert around(DOMAINS, "a1.cdn.example.org") == ["*.*.example.org", "*.cdn.example.org"]
    assert around(DOMAINS, "example.org") == around(DOMAINS, "build") == []
    assert around(ADDRESSES, "10.1.2.3 443") == ["10.1.*.* 443", "10.1.2.* 443", "10.1.2.3 *"]
    assert around(ADDRESSES, "2001:db8:0:1:2:3:4:5 443") == [
        "2001:db8:0:*.* 443",
        "2001:db8:0:1:* 443",
        "2001:db8:0:1:2:3:4:5 *",
    ]


def test_no_name_passes_for_a_place():
    selected = dict.fromkeys(READ.selection.by)
    row = pl.LazyFrame({**selected, "path": "/tmp/*"}, dict.fromkeys([*selected, "path"], pl.String))
    assert READ.named(row).collect()["key"].to_list() == ["read /tmp/?"]
    asked = dict.fromkeys(DOMAIN.selection.by)
    lookup = pl.LazyFrame({**asked, "domain": "*.example.org"}, dict.fromkeys(asked, pl.String))
    assert DOMAIN.named(lookup).collect()["key"].to_list() == ["?.example.org"]
