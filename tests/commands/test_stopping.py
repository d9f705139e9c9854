"""Commands that run until somebody stops them leave the signals as they found them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from rtml.commands.stopping import heard_stop

STOPS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", STOPS)
def test_who_listened_before_listens_again(number: signal.Signals):
    """Whoever calls a command from a program of their own is not deaf afterwards."""
    before = [signal.getsignal(stop) for stop in STOPS]
    with pytest.raises(RuntimeError), heard_stop() as stop:
        assert not stop.asked()
        os.kill(os.getpid(), number)
        until = time.monotonic() + 10
        while not stop.asked() and time.monotonic() < until:
            time.sleep(0.01)
        assert stop.asked() and not stop.pressing()
        raise RuntimeError
    assert [signal.getsignal(stop) for stop in STOPS] == before
