"""sysdig's own format: what a call was about stands in the line of its beginning, its end is the event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures.sensors import SENSORS, Reading

AT = "08:45:00.500000000"
PAIR = {"src_ip": "10.0.0.1", "dst_ip": "10.0.0.2", "dst_port": 80, "protocol": "tcp"}
NONE = {"src_ip": None, "dst_ip": None, "dst_port": None, "path": None}


def line(call: str, direction: str, info: str, thread: int = 5, **more: Any) -> dict[str, Any]:
    """A line as ``sysdig -j`` prints without being asked for fields."""
    own = {"evt.cpu": 0, "evt.outputtime": 1798793100500000000, "proc.name": "curl"}
    return {**own, "evt.dir": direction, "evt.type": call, "evt.info": info, "thread.tid": thread, **more}


def read(folder: Path, *lines: dict[str, Any]) -> Reading:
    texts = (json.dumps({"evt.num": n, **told}) for n, told in enumerate(lines, start=1))
    (folder / "s.jsonl").write_text("\n".join(texts))
    return SENSORS["sysdig"].read(folder / "s.jsonl")


CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("write", "fd=4(<4t>10.0.0.1:5->10.0.0.2:80) size=9 ", "res=9 data=GET / ", PAIR),
    ("read", "fd=4(<4t>10.0.0.1:5->10.0.0.2:http) size=9 ", "res=9 data=200 OK ", PAIR),
    ("sendto", "fd=4(<4t>10.0.0.1:5->10.0.0.2:80) size=9 tuple=NULL ", "res=9 data=x ", PAIR),
    ("sendto", "fd=4(<4u>) size=9 tuple=10.0.0.1:5->10.0.0.2:53 ", "res=9 data=x ", {"dst_port": 53}),
    ("recvfrom", "fd=4(<6t>::1:5->fe80::1:443) size=9 ", "res=9 data=x ", {"dst_ip": "fe80::1"}),
    ("close", "fd=4(<4t>10.0.0.1:5->10.0.0.2:80) ", "res=0 ", {**PAIR, "result": 0}),
    ("read", "fd=3(<f>/etc/a b) size=832 ", "res=832 data=.ELF ", {"path": "/etc/a b", "dst_ip": None}),
    ("write", "fd=4 size=9 ", "res=9 data=fd=5(<4t>6.6.6.6:1->7.7.7.7:80) ", NONE),
    ("accept", "fd=3(<4t>0.0.0.0:80) ", "fd=-11(EAGAIN) tuple=NULL queuepct=0 ", NONE),
]


@pytest.mark.parametrize(("call", "begins", "ends", "wanted"), CALLS)
def test_an_end_is_about_what_its_beginning_was(
    call: str, begins: str, ends: str, wanted: dict[str, Any], tmp_path: Path
):
    reading = read(tmp_path, line(call, ">", begins), line(call, "<", ends))
    (event,) = reading.events.to_dicts()
    assert {name: event[name] for name in wanted} == wanted
    assert event["result"] is not None and sum(reading.beside.values()) == 1


def test_each_thread_and_each_call_has_a_beginning_of_its_own(tmp_path: Path):
    ends = {5: "10.0.0.2:80", 6: "10.0.0.3:81"}
    begins = [line("write", ">", f"fd=4(<4t>10.0.0.1:5->{there}) size=9 ", t) for t, there in ends.items()]
    others = [line("read", "<", "res=9 data=x "), line("futex", ">", "addr=7 ")]
    done = [line("write", "<", "res=9 data=x ", thread) for thread in (6, 5, 7)]
    events = read(tmp_path, *begins, *others, *done, line("write", "<", "res=9 data=x ", 5)).events
    written = events.filter(request="write")
    assert written["dst_port"].to_list() == [81, 80, None, None]
    assert events.filter(request="read")["dst_port"].to_list() == [None]


def test_what_the_end_says_itself_counts_more(tmp_path: Path):
    begins = line("connect", ">", "fd=4(<4>) ")
    ends = line("connect", "<", "res=0 tuple=10.0.0.1:5->10.0.0.2:80 ")
    (event,) = read(tmp_path, begins, ends).events.to_dicts()
    assert event["dst_port"] == 80
    named = line("write", "<", "res=1 data=x ", **{"fd.name": "10.0.0.1:5->10.0.0.9:9", "fd.type": "ipv4"})
    (event,) = read(
        tmp_path, line("write", ">", "fd=4(<4t>10.0.0.1:5->10.0.0.2:80) "), named
    ).events.to_dicts()
    assert event["dst_port"] == 9
