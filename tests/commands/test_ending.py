"""How a command ends when what it stands on fails: memory, disk, a panic of Rust, a kill from outside."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtml.commands.last_words import WORDS
from tests.conftest import LAB, REPOSITORY


def ended(code: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command line with its work replaced by some lines of Python."""
    whole = f"import rtml.cli\ndef app(**_):\n    {code}\nrtml.cli.app = app\nrtml.cli.main()"
    command = [sys.executable, "-c", whole]
    environment = {**os.environ, "RUST_BACKTRACE": "1"}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60, **more
    )  # type: ignore[call-overload]


PANIC = "import polars; raise polars.exceptions.PanicException('index out of bounds')"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (PANIC, "error: Polars gave up (index out of bounds): `rtml capture check` names damaged parts"),
        ("raise MemoryError", "error: out of memory; try fewer or shorter captures, or more memory\n"),
        ("import numpy; numpy.zeros(2**50)", "error: out of memory; try"),
        ("raise OSError(28, 'No space left on device', '/x/y')", "error: /x/y: No space left on device\n"),
        ("raise OSError(28, 'No space left on device')", "error: standard output, or a temporary file in"),
        ("raise RuntimeError('odd\\x1b[2J')", "error: RuntimeError: odd\\x1b[2J (--debug shows more)\n"),
        ("raise RecursionError", "error: RecursionError:  (--debug shows more)\n"),
    ],
)
def test_what_is_no_error_of_ours_is_one_sentence(code: str, says: str):
    done = ended(code)
    assert done.returncode == 1 and done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_debug_shows_a_panic_whole():
    command = [sys.executable, "-c", f"import rtml.cli, polars\ndef app(**_):\n    {PANIC}\n"
               "rtml.cli.app = app\nrtml.cli.main()", "--debug"]  # fmt: skip
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" in shown.stderr


def test_an_allocation_that_aborts_says_a_sentence_and_no_stack():
    grown = "import polars as pl; pl.Series([0]).new_from_index(0, 2**44)"
    done = ended(grown)
    assert done.returncode == -signal.SIGABRT
    assert done.stderr.endswith(WORDS) and "stack backtrace" not in done.stderr
    assert len(done.stderr.splitlines()) <= 4


def test_a_command_under_a_limit_of_memory_ends_with_a_sentence():
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1_200_000_000, 1_200_000_000))

    command = [sys.executable, "-m", "rtml.cli", "rules", str(LAB), "--json"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "_RJEM_MALLOC_CONF": "background_thread:false"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300,
        preexec_fn=limited, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        pytest.skip("a gigabyte is enough here")
    assert done.stderr.rstrip().splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr and "stack backtrace" not in done.stderr


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_who_is_killed_from_outside_is_spoken_for(kill: signal.Signals):
    done = ended(f"import os; os.kill(os.getpid(), {int(kill)})")
    assert (done.returncode, done.stderr) == (-kill, WORDS)


def test_who_ends_by_himself_is_not():
    assert ended("return 3").stderr == ""
    assert ended("raise KeyboardInterrupt").returncode == 130
    assert ended("raise SystemExit(5)").returncode == 5


def test_no_process_is_left_behind(tmp_path: Path):
    done = ended(
        f"import os; open({str(tmp_path / 'group')!r}, 'w').write(str(os.getpgrp()))", start_new_session=True
    )
    group = int((tmp_path / "group").read_text())
    assert done.returncode == 0
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("a process waits on")


def test_a_full_output_is_named():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with full.open("w") as out:
        command = [sys.executable, "-m", "rtml.cli", "rules", "--types"]
        done = subprocess.run(
            command, cwd=REPOSITORY, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output, or") and done.stderr.count("\n") == 1
