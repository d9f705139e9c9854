"""A seeded capture of nothing but program starts: what rules for process creation read.

Four thousand command lines with a long tail, and 15 % that occur once (a random name in them), as
in the measurements that led to the design; the programs are those that Sigma's rules ask for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.synthetic import write_parts
from rtml.schema import conform

__all__ = ["write_commands"]

_TEMPLATES, _ONCE = 4000, 0.15
_PROGRAMS = (
    "sh bash dash python3 perl ruby php node java curl wget nc ncat socat base64 openssl cat head "
    "tail grep find ls file tar gzip zip rm cp mv chmod chown crontab at systemctl service ps who "
    "id uname hostname ip ifconfig netstat ss nmap tcpdump ssh scp rsync useradd usermod passwd "
    "groupdel sudo su mount umount modprobe insmod rmmod kill pkill docker kubectl apt-get pip npm "
    "git make gcc vim nano awk sed sort xargs tee env nohup setsid touch ln dd mkfifo xterm"
).split()
_WORDS = (
    "-c -i -l -o -O -e -D -R --form --data --output-document --upload-file --version --quiet "
    "/tmp/out.bin /etc/passwd /etc/shadow /root/.ssh/authorized_keys /var/log/syslog "
    "/proc/self/environ /dev/tcp/192.0.2.7/4444 http://192.0.2.7/x.sh https://registry.internal/v2 "
    "'*.conf' 'A_%_b' \"$HOME\" 2>&1 | && ; base64 eval +x 777 u+s root nobody"
).split()


def write_commands(folder: Path, events: int, seed: int = 1) -> Path:
    """Write a capture of ``events`` program starts into the new ``folder``."""
    return write_parts(folder, events, seed, {"exec": 1.0}, _with_commands)


def _with_commands(events: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    lines, programs = _templates(np.random.default_rng(7))
    pick = np.minimum(rng.zipf(1.2, events.height) - 1, _TEMPLATES - 1).astype(np.int64)
    once = rng.random(events.height) < _ONCE
    names = pl.Series(rng.integers(16**10, size=events.height)).cast(pl.String)
    line = pl.Series(lines).gather(pick)
    return conform(
        events.with_columns(
            exe=pl.Series(programs).gather(pick),
            cmdline=pl.when(pl.Series(once)).then(line + " /tmp/" + names).otherwise(line),
        )
    )


def _templates(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    lines, programs = [], []
    for _ in range(_TEMPLATES):
        program = str(rng.choice(_PROGRAMS))
        lines.append(" ".join([program, *rng.choice(_WORDS, rng.integers(0, 6))]))
        programs.append(f"/usr/bin/{program}")
    return lines, programs
