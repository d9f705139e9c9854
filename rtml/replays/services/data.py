"""The shop's data job: scripts that come, change and go, each run by a Python of its own.

It takes orders from a list of its own too (``jobs:`` and its host name): ``load`` and ``publish`` are done
in this process, whatever file or host the order tells.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

with contextlib.suppress(ImportError):  # absent where only the tests are
    from wire import redis  # type: ignore[import-not-found]

CACHE = "cache.shop.internal"
JOBS, STORE, LOGS = Path("/tmp/jobs"), Path("/tmp/shop.sqlite"), Path("/var/log/shop")
NAMES = ["sales", "stock", "returns", "visits", "prices", "churn", "baskets", "delays"]

PIECES = {
    "sums": "rows = db.execute('select item, sum(amount) from sales group by item').fetchall()",
    "dates": "import datetime, statistics; print(datetime.date.today(), statistics.mean([1, 2, 3]))",
    "table": "import csv; csv.writer(open('/tmp/jobs/t.csv', 'w')).writerows("
    "db.execute('select * from sales'))",
    "pack": "import gzip; gzip.open('/tmp/jobs/out.gz', 'wb').write(b'x' * 20000)",
    "rates": "import urllib.request as u;"
    " u.urlopen('http://rates.partner.example:8080/today', None, 3).read()",
    "orders": "import psycopg2 as p; c = p.connect(host='db.shop.internal', user='postgres');"
    " k = c.cursor(); k.execute('select count(*) from orders'); print(k.fetchone()); c.close()",
    "pool": "import concurrent.futures as f; list(f.ThreadPoolExecutor(4).map(len, ['a'] * 40))",
    "hash": "import hashlib; print(hashlib.sha256(open('/usr/bin/gzip', 'rb').read()).hexdigest())",
    "upload": "import subprocess; subprocess.run(['curl', '-s', '-m', '5', '-o', '/dev/null', '-T',"
    " '/tmp/shop.sqlite', 'http://backup.partner.example:8080/data'])",
    "hear": "import subprocess; subprocess.run(['mosquitto_sub', '-h', 'broker.shop.internal', '-t',"
    " 'orders/#', '-C', '3', '-W', '3'], stdout=-3)",
}
"""What scripts are made of."""

HEAD = "import sqlite3\ndb = sqlite3.connect('/tmp/shop.sqlite')\n"


def written(name: str, version: int, dice: random.Random) -> Path:
    """Write a version of a script: some pieces in some order; the version before is removed."""
    for old in JOBS.glob(f"{name}_v*.py"):
        old.unlink()
    path = JOBS / f"{name}_v{version}.py"
    pieces = dice.sample(sorted(PIECES), dice.randint(2, 4))
    path.write_text(HEAD + "\n".join(PIECES[piece] for piece in pieces) + "\n")
    return path


def grow() -> None:
    """Add some rows to the store, and forget the oldest."""
    with contextlib.closing(sqlite3.connect(STORE)) as db, db:
        db.execute("create table if not exists sales (item int, amount int)")
        rows = [(random.randint(1, 200), random.randint(1, 9)) for _ in range(50)]
        db.executemany("insert into sales values (?, ?)", rows)
        db.execute("delete from sales where rowid < (select max(rowid) - 5000 from sales)")


def load(path: str) -> None:
    """Take a file's first lines into the store."""
    lines = Path(path).read_text(errors="replace").splitlines()[:20]
    with contextlib.closing(sqlite3.connect(STORE)) as db, db:
        db.execute("create table if not exists loaded (line text)")
        db.executemany("insert into loaded values (?)", [(line,) for line in lines])


def publish(place: str) -> None:
    """Send how much there is to ``host:port``."""
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port or 80)), timeout=3) as line:
        line.sendall(b"GET /published HTTP/1.0\r\n\r\n")
        line.recv(100)


INSIDE = {"load": (load, "/srv/pages/terms.txt"), "publish": (publish, "rates.partner.example:8080")}
"""Orders that are done here, and what with where the order does not tell."""


def ordered() -> None:
    """Take at most one order."""
    answer = redis(CACHE, "LPOP", f"jobs:{socket.gethostname()}")
    if text := answer[answer.find(b"{") : answer.rfind(b"}") + 1]:
        job = json.loads(text)
        work, usual = INSIDE[job.get("kind", "load")]
        work(job.get("what", usual))


def turn(number: int, dice: random.Random) -> None:
    """Run a script; now and then one changes, a new one comes, another goes."""
    grow()
    known = sorted(JOBS.glob("*_v*.py"))
    if len(known) < 3 or dice.random() < 0.25:
        known.append(written(dice.choice(NAMES), number, dice))
    elif len(known) > 5:
        known.pop(dice.randrange(len(known))).unlink()
    script = dice.choice([path for path in known if path.exists()])
    done = subprocess.run([sys.executable, str(script)], capture_output=True, check=False, timeout=30)
    log = (LOGS if LOGS.is_dir() else Path("/tmp")) / f"{socket.gethostname()}.log"
    with log.open("a") as stream:
        stream.write(f"{time.time():.0f} {script.name} {done.returncode}\n")


def main() -> None:
    """Go on for ever; what fails costs a pause."""
    JOBS.mkdir(exist_ok=True)
    dice = random.Random(socket.gethostname() + str(time.time()))
    number, due = 0, 0.0
    while True:
        with contextlib.suppress(Exception):
            ordered()
            if time.monotonic() >= due:
                number, due = number + 1, time.monotonic() + dice.uniform(4, 14)
                turn(number, dice)
        time.sleep(1)


if __name__ == "__main__":
    main()
