"""Services are asked in their own words: what goes over the line, and what comes back."""

import socket
import threading
from collections.abc import Callable
from typing import get_args

import pytest

from rtml.replays.asking import PROTOCOLS, ask, protocol_of
from rtml.replays.contract import Load
from rtml.replays.reading import load_workloads


def served(answers: list[bytes]) -> tuple[int, Callable[[], bytes]]:
    """Listen once; send one answer after each thing heard; return the port and what was heard."""
    door = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        with door, door.accept()[0] as line:
            for answer in answers:
                heard.append(line.recv(4096))
                line.sendall(answer)
            heard.append(line.recv(4096))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def ended() -> bytes:
        thread.join(5)
        return b"".join(heard)

    return door.getsockname()[1], ended


def test_redis_hears_words_and_a_job_goes_to_the_head_of_its_queue():
    port, heard = served([b"+OK\r\n"])
    assert ask("redis", "127.0.0.1", port, "SET lab:note two%20words", 2) == "+OK\r\n"
    assert heard() == b"*3\r\n$3\r\nSET\r\n$8\r\nlab:note\r\n$9\r\ntwo words\r\n"
    port, heard = served([b":1\r\n"])
    ask("queue", "127.0.0.1", port, 'jobs:worker-1 {"kind": "mail"}', 2)
    assert heard() == b'*3\r\n$5\r\nRPUSH\r\n$13\r\njobs:worker-1\r\n$16\r\n{"kind": "mail"}\r\n'


def test_the_database_is_asked_when_it_is_ready():
    ready = b"R\0\0\0\x08\0\0\0\0" + b"Z\0\0\0\x05I"
    port, heard = served([ready, b"C\0\0\0\x08ok!!" + b"Z\0\0\0\x05I"])
    assert "ok!!" in ask("postgres", "127.0.0.1", port, "select 1", 2)
    assert b"user\0postgres\0" in heard() and b"select 1\0X" in heard()


def test_a_service_that_hangs_up_is_an_error():
    port, _ = served([b""])
    with pytest.raises(OSError):
        ask("postgres", "127.0.0.1", port, "select 1", 0.5)


def test_http_returns_what_is_said():
    port, heard = served([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"])
    assert ask("http", "127.0.0.1", port, "/shop/page?id=../../etc/passwd", 2) == "ok"
    assert heard().startswith(b"GET /shop/page?id=../../etc/passwd ")


def test_a_broker_is_told_a_message():
    port, heard = served([b"\x20\2\0\0"])
    assert ask("mqtt", "127.0.0.1", port, "orders/7 two words", 2) == "20020000"
    said = heard()
    assert said.startswith(b"\x10") and b"MQTT\4\2" in said and said.endswith(b"orders/7two words\xe0\0")


def test_a_message_longer_than_one_byte_says_is_refused():
    with pytest.raises(ValueError, match="more than"):
        ask("mqtt", "127.0.0.1", served([b""])[0], "orders/7 " + "x" * 130, 2)


def test_every_kind_of_load_can_be_asked():
    assert set(get_args(Load.model_fields["kind"].annotation)) == set(PROTOCOLS)


def test_every_workload_that_is_attacked_can_be_asked():
    known = load_workloads()
    spoken = {name: protocol_of(known[name])[0] for name in ("app", "api", "web", "cache", "db", "worker")}
    assert spoken == {
        "app": "http",
        "api": "http",
        "web": "http",
        "cache": "redis",
        "db": "postgres",
        "worker": "queue",
    }
