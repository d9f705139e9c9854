"""What an incident did, shown: who did what, the weightiest first chosen, every string still hostile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from rtml.analyst.happened import Events

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SCHEMA: dict[str, Any] = {
    "time": pl.Datetime("ns", "UTC"),
    "container_name": pl.String,
    "host": pl.String,
    "kind": pl.String,
    "result": pl.Int32,
    "pid": pl.Int32,
    "exe": pl.String,
    "cmdline": pl.String,
    "path": pl.String,
    "path_to": pl.String,
    "socket_path": pl.String,
    "domain": pl.String,
    "dst_ip": pl.String,
    "dst_port": pl.Int32,
    "request": pl.String,
    "wrote": pl.Boolean,
    "rank": pl.Int64,
}


def events(*rows: dict[str, object]) -> Events:
    moments = [{"time": START + dt.timedelta(seconds=at), "host": "h"} | row for at, row in enumerate(rows)]
    return Events(pl.DataFrame(moments, schema=SCHEMA), otherwise="nothing happened")


def test_every_kind_says_to_what_it_was_done():
    shown = events(
        {"kind": "exec", "exe": "/bin/sh", "cmdline": "sh -c id"},
        {"kind": "open", "path": "/etc/shadow", "result": -13},
        {"kind": "open", "path": "/etc/cron.d/x", "wrote": True},
        {"kind": "rename", "path": "/a", "path_to": "/b"},
        {"kind": "connect", "dst_ip": "10.0.0.1", "dst_port": 22, "result": -999},
        {"kind": "connect", "socket_path": "/run/docker.sock"},
        {"kind": "connect", "dst_ip": "10.0.0.2"},
        {"kind": "dns", "domain": "evil.example"},
        {"kind": "setuid", "request": "setuid"},
        {"kind": "fork"},
    ).weightiest()
    assert shown.select("kind", "what").rows() == [
        ("exec", "/bin/sh"),
        ("open (EACCES)", "/etc/shadow"),
        ("open to write", "/etc/cron.d/x"),
        ("rename", "/a → /b"),
        ("connect (error -999)", "10.0.0.1:22"),
        ("connect", "/run/docker.sock"),
        ("connect", "10.0.0.2"),
        ("dns", "evil.example"),
        ("setuid", "setuid"),
        ("fork", ""),
    ]


def test_a_program_is_named_where_it_begins_and_again_after_another():
    rows = [
        {"kind": "open", "pid": pid, "cmdline": said}
        for pid, said in ((1, "a"), (1, "a"), (2, "b"), (1, "a"))
    ]
    assert events(*rows).weightiest()["program"].to_list() == ["1 a", "", "2 b", "1 a"]
    anonymous = [{"kind": "open", "pid": None, "exe": name} for name in ("/a", "/a", "/b")]
    assert events(*anonymous).weightiest()["program"].to_list() == ["/a", "", "/b"]


def test_many_events_are_the_weightiest_in_order_and_the_rest_is_counted():
    rows: list[dict[str, object]] = [{"kind": "open", "path": f"/lib/{n}"} for n in range(300)]
    rows[7] |= {"rank": 1}
    rows[280] |= {"rank": 0}
    rows.append({"kind": "connect", "dst_ip": "10.0.0.1"})
    shown = events(*rows)
    what = shown.weightiest()["what"].to_list()
    assert {"/lib/7", "/lib/280", "10.0.0.1"} <= set(what)
    assert what[-2:] == ["/lib/280", "10.0.0.1"] and shown.weightiest()["time"].is_sorted()
    assert "of 301 events" in repr(shown) and "of 301 events" in shown._repr_html_()
    assert len(shown) == 301 and "of " not in repr(events(*rows[:2]))


def test_hosts_and_containers_are_shown_where_they_differ():
    rows = [{"kind": "open", "container_name": name} for name in ("web", "job")]
    assert "container_name" in events(*rows).weightiest().columns
    assert {"container_name", "host"}.isdisjoint(events(rows[0], rows[0]).weightiest().columns)


def test_hostile_text_is_text_and_nothing_is_said_in_a_sentence():
    shown = events({"kind": "exec", "exe": "/x\x1b[2J", "cmdline": "<img src=x onerror=alert(1)>\u202e"})
    assert "<img" not in shown._repr_html_() and "\x1b" not in repr(shown) + shown._repr_html_()
    assert repr(events()) == "nothing happened"
