"""Carry out one attack: through the application's hole, or as a user who may exec.

By ``exec`` an intruder types into a shell (``sh`` with its input open), one step after the other;
by ``rce`` all steps come in one request, as one shell text. Either way there is one root process.
By ``service`` each step is a request to the workload's service, which is the root process itself; so it is
where the new version of an image (``rollout``) does the attack of its own accord.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from rtml.replays.agenda import bound
from rtml.replays.asking import ask, protocol_of
from rtml.replays.clock import stamp
from rtml.replays.containers import Container, Podman
from rtml.replays.contract import Attack
from rtml.replays.marks import end_marked, end_others, first_started

__all__ = ["carry_out", "filled", "request_text"]

_PLACE = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_NOTHING = "nothing-to-read"
HARMLESS_PART = "web.shop.internal; "


def filled(text: str, addresses: Mapping[str, str]) -> str:
    """Put addresses for the names in braces; other braces stay as they are.

    Examples
    --------
    >>> filled("curl {infra}:8000; awk '{print $1}'", {"infra": "10.99.0.2"})
    "curl 10.99.0.2:8000; awk '{print $1}'"
    """
    return _PLACE.sub(lambda m: addresses.get(m.group(1), m.group()), text)


def request_text(attack: Attack, addresses: Mapping[str, str], pace: float) -> str:
    """Return all steps as one shell text, with ``sleep`` for the pauses."""
    parts = [filled(s.run, addresses) if s.run else f"sleep {(s.wait or 0) / pace:.1f}" for s in attack.steps]
    if attack.cleanup:
        parts.append(filled(attack.cleanup, addresses))
    return "\n".join(parts)


def carry_out(
    attack: Attack,
    container: Container,
    podman: Podman,
    addresses: Mapping[str, str],
    pace: float,
    mark: str,
    stopping: threading.Event,
    slow: float = 1.0,
) -> dict[str, Any]:
    """Run an attack to its end, or end it at its bound; return what the label needs.

    ``slow`` stretches its pauses and its bound.

    Returns
    -------
    ``start``, ``end`` (see `rtml.replays.clock`), ``command`` (what was delivered), ``output``
    (shortened), ``ticks`` (start of the root process, 1/100 s since boot, ``exec`` only),
    ``killed`` (processes that had to be ended), ``complete``.
    """
    pace = 1.0 if attack.entry == "rollout" else pace  # nobody hurries a program that does it by itself
    begin = stamp()
    limit = time.monotonic() + bound(attack, pace, slow) + 5
    when = (addresses, pace / slow, limit, stopping)
    if attack.entry == "exec":
        facts = _by_exec(attack, container, podman, mark, *when)
    elif attack.entry == "rce":
        facts = _by_request(attack, container, *when)
    else:
        facts = _by_service(attack, container, *when)
    killed = end_marked(mark)
    if attack.entry == "rce":
        killed += end_others(container.group, {container.pid})
    complete = not stopping.is_set() and time.monotonic() < limit and facts["ok"]
    return {"start": begin, "end": stamp(), "killed": killed, "complete": complete, **facts}


def _by_exec(
    attack: Attack,
    container: Container,
    podman: Podman,
    mark: str,
    addresses: Mapping[str, str],
    pace: float,
    limit: float,
    stopping: threading.Event,
) -> dict[str, Any]:
    user = attack.user if attack.user is not None else container.workload.user
    shell = podman.enter(container.name, ["sh"], user, mark)
    heard: list[str] = []
    ear = threading.Thread(target=_listen, args=(shell, heard), daemon=True)
    ear.start()
    time.sleep(0.3)
    ticks = _retry(lambda: first_started(mark))
    assert shell.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        for step in attack.steps:
            if step.wait:
                stopping.wait(step.wait / pace)
            elif step.run and not stopping.is_set():
                _type(shell, filled(step.run, addresses))
        if attack.cleanup:
            _type(shell, filled(attack.cleanup, addresses))
        shell.stdin.close()
    while shell.poll() is None and time.monotonic() < limit and not stopping.is_set():
        time.sleep(0.1)
    end_marked(mark)
    with contextlib.suppress(subprocess.TimeoutExpired):
        shell.wait(10)
    ear.join(1)
    return {"ok": ticks is not None, "command": "sh", "ticks": ticks, "output": _short(heard)}


def _type(shell: subprocess.Popen[str], text: str) -> None:
    """Type one step; a command in it that reads must not swallow the next step.

    It reads an empty pipe, which leaves no event. A read of ``/dev/null`` before each step told the shells of
    intruders from all others in the first two recordings.
    """
    assert shell.stdin is not None
    shell.stdin.write(f"{{ {text}\n}} <<{_NOTHING}\n{_NOTHING}\n")
    shell.stdin.flush()


def _listen(shell: subprocess.Popen[str], heard: list[str]) -> None:
    assert shell.stdout is not None
    heard.extend(shell.stdout)


def _by_request(
    attack: Attack,
    container: Container,
    addresses: Mapping[str, str],
    pace: float,
    limit: float,
    stopping: threading.Event,
) -> dict[str, Any]:
    text = HARMLESS_PART + request_text(attack, addresses, pace)
    answer: list[str] = []
    patience = limit - time.monotonic()
    sender = threading.Thread(target=_send, args=(container.ip, text, patience, answer))
    sender.daemon = True
    sender.start()
    while sender.is_alive() and time.monotonic() < limit and not stopping.is_set():
        time.sleep(0.1)
    command = f"getent hosts {text}"
    return {"ok": bool(answer), "command": command, "ticks": None, "output": _short(answer)}


def _by_service(
    attack: Attack,
    container: Container,
    addresses: Mapping[str, str],
    pace: float,
    limit: float,
    stopping: threading.Event,
) -> dict[str, Any]:
    """Ask step by step; a job for the queue goes to the cache, in the list of this very place."""
    protocol, port = protocol_of(container.workload)
    ip = addresses["cache"] if protocol == "queue" else container.ip
    known = {**addresses, "place": container.place}
    asked: list[str] = []
    heard: list[str] = []
    for step in attack.steps:
        if step.wait:
            stopping.wait(step.wait / pace)
        elif step.ask and not stopping.is_set():
            asked.append(filled(step.ask, known))
            with contextlib.suppress(OSError, http.client.HTTPException):
                heard.append(ask(protocol, ip, port, asked[-1], limit - time.monotonic()))
    command = "; ".join(asked)
    return {"ok": len(heard) == len(asked), "command": command, "ticks": None, "output": _short(heard)}


def _send(ip: str, text: str, patience: float, answer: list[str]) -> None:
    line = http.client.HTTPConnection(ip, 8080, timeout=patience)
    with contextlib.suppress(OSError, http.client.HTTPException):
        line.request("GET", f"/shop/lookup?host={urllib.parse.quote(text)}")
        answer.append(line.getresponse().read().decode("utf-8", "replace"))
    line.close()


def _short(heard: list[str]) -> str:
    return "".join(heard)[-1500:]


def _retry(ask: Callable[[], int | None]) -> int | None:
    for _ in range(100):  # a machine that does other work needs seconds to enter a container
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.1)
    return None
