"""A server that is killed at any moment has lost nothing that it acknowledged, and takes nothing twice."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import httpx
import pytest

pytest.importorskip("starlette", reason="rtml[serve] is not installed")
pytest.importorskip("uvicorn", reason="rtml[serve] is not installed")

from rtml.captures import check_capture, open_capture
from tests.serving.running import PROD, TOKEN, lines, served

EACH = 20


def _send(address: str, number: int) -> bool:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": str(number)}
    raw = lines(EACH, EACH * number) + b"odd\n"
    try:
        answer = httpx.post(address + "/v1/events", content=raw, params=PROD, headers=headers, timeout=20)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def test_what_was_acknowledged_is_there_after_a_kill_and_what_is_sent_again_is_there_once(tmp_path: Path):
    chance, numbers = random.Random(13), iter(range(10_000))
    sent: set[int] = set()
    acknowledged: set[int] = set()
    for _ in range(4):
        rhythm = {"seconds": 0.3, "events": 200}
        with served(tmp_path / "out", rhythm=rhythm) as server:

            def sending(address: str = server.address) -> None:
                for number in numbers:
                    sent.add(number)
                    if not _send(address, number):
                        return
                    acknowledged.add(number)

            threads = [threading.Thread(target=sending) for _ in range(3)]
            for one in threads:
                one.start()
            wanted = len(acknowledged) + chance.randint(5, 20)
            while len(acknowledged) < wanted and any(one.is_alive() for one in threads):
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.3))
            server.process.kill()
            for one in threads:
                one.join()
    with served(tmp_path / "out") as server:
        assert all(_send(server.address, number) for number in sorted(sent))
    capture = open_capture(tmp_path / "out/111/prod-1/falco")
    pids = capture.events().collect()["pid"].sort().to_list()
    assert pids == [5000 + i for number in sorted(sent) for i in range(EACH * number, EACH * (number + 1))]
    assert capture.manifest.rejected == len(sent)
    assert [c.name for c in check_capture(capture) if c.grave and not c.ok] == []


def test_what_was_acknowledged_is_in_the_capture_though_nobody_sends_any_more(tmp_path: Path):
    with served(tmp_path / "out", rhythm={"seconds": 600}) as server:
        assert [_send(server.address, number) for number in range(3)] == [True] * 3
        server.process.kill()
    assert open_capture(tmp_path / "out/111/prod-1/falco").manifest.events == 0
    with served(tmp_path / "out"):
        pass
    assert open_capture(tmp_path / "out/111/prod-1/falco").manifest.events == 3 * EACH
