"""The shop's job worker: takes jobs from a redis list and does them with ordinary programs.

It has a list of its own too (``jobs:`` and its host name), for jobs that only it can go on with. ``attach``,
``notify`` and ``verify`` are done in this process, whatever file, host or name the job tells.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import time
from pathlib import Path

with contextlib.suppress(ImportError):  # absent where only the tests are
    import psycopg2  # type: ignore[import-untyped]
    from wire import redis  # type: ignore[import-not-found]

CACHE, DB = "cache.shop.internal", "db.shop.internal"

COMMANDS = {
    "invoice": "head -c 20000 /usr/bin/ls > /tmp/in.bin && gzip -kf /tmp/in.bin"
    " && sha256sum /tmp/in.bin.gz > /tmp/in.sum",
    "picture": "openssl dgst -sha256 /usr/bin/bash > /tmp/picture.txt",
    "webhook": "curl -s -m 3 -o /dev/null http://hooks.partner.example:8080/order",
    "mail": "getent hosts mail.partner.example >/dev/null; echo QUIT | nc -w 1"
    " mail.partner.example 25 >/dev/null",
}
"""Jobs that are done by a shell, as workers do."""


def report() -> None:
    """Count the orders and keep the number."""
    with contextlib.closing(psycopg2.connect(host=DB, user="postgres", connect_timeout=3)) as line:
        with line, line.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders")
            redis(CACHE, "SET", "orders", str(cursor.fetchone()[0]))


def attach(path: str) -> None:
    """Put the beginning of a file where the mailer finds it."""
    redis(CACHE, "SET", "attachment", Path(path).read_text(errors="replace")[:500])


def notify(place: str) -> None:
    """Tell ``host:port`` that something happened."""
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port or 80)), timeout=3) as line:
        line.sendall(b"GET /event HTTP/1.0\r\n\r\n")
        line.settimeout(2)
        line.recv(100)


def verify(name: str) -> None:
    """Ask whether a name of a customer's mail exists."""
    socket.getaddrinfo(name, 25, socket.AF_INET)


INSIDE = {
    "attach": (attach, "/srv/pages/terms.txt"),
    "notify": (notify, "hooks.partner.example:8080"),
    "verify": (verify, "mail.partner.example"),
}
"""Jobs that are done here, and what with where the job does not tell."""


def do(job: dict[str, str]) -> None:
    """Do one job; unknown kinds are left."""
    kind = job.get("kind", "")
    if kind == "report":
        report()
    elif kind in INSIDE:
        work, usual = INSIDE[kind]
        work(job.get("what", usual))
    elif kind in COMMANDS:
        subprocess.run(["sh", "-c", COMMANDS[kind]], check=False, timeout=20)


def main() -> None:
    """Take jobs for ever; a failing neighbour costs a pause."""
    while True:
        try:
            answer = redis(CACHE, "BRPOP", f"jobs:{socket.gethostname()}", "jobs", "5", timeout=10)
            text = answer[answer.find(b"{") : answer.rfind(b"}") + 1]
            if text:
                do(json.loads(text))
        except Exception:
            time.sleep(2)
        time.sleep(random.uniform(0.1, 0.6))


if __name__ == "__main__":
    main()
