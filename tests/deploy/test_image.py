"""The image: what its file says, and that it builds where a builder and its base are."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "deploy/Dockerfile").read_text("utf-8")


def test_the_last_stage_is_small_and_nobody_in_particular():
    last = TEXT.rpartition("\nFROM ")[2]
    assert "RUN" not in last
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert 'ENTRYPOINT ["rtml"]' in last
    assert "COPY --from=build /opt/rtml /opt/rtml" in last


def test_versions_are_pinned_and_no_registry_is_named():
    assert "-c constraints.txt" in TEXT
    assert "://" not in TEXT.replace("# ", "")
    assert re.search(r"^ARG BASE=python:3\.\d+-slim$", TEXT, re.MULTILINE)


def test_extras_are_known():
    extras = re.search(r"^ARG EXTRAS=(.*)$", TEXT, re.MULTILINE)
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    assert extras is not None
    assert all(re.search(rf"^{name} = \[", project, re.MULTILINE) for name in extras[1].split(","))


def test_what_the_build_copies_is_let_through():
    ignored = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", TEXT, re.MULTILINE)
    for name in " ".join(copied).split():
        assert f"!{name}" in ignored
        assert (REPOSITORY / name).exists()


@pytest.mark.timeout(1200)
def test_it_builds_and_runs_read_only():
    builder = next(filter(None, map(shutil.which, ("podman", "docker"))), None)
    if builder is None:
        pytest.skip("no builder of images here (podman, docker)")
    base = re.search(r"^ARG BASE=(.*)$", TEXT, re.MULTILINE)
    assert base is not None
    found = subprocess.run([builder, "image", "inspect", base[1]], capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"{builder} has no image {base[1]}, and tests fetch none")
    build = [builder, "build", "-q", "-f", "deploy/Dockerfile", "-t", "rtml-test", "."]
    built = subprocess.run(build, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    few = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]  # as much as any machine lets
    closed = ["--rm", "--read-only", "--network=none", "--cap-drop=ALL", *few]
    run = [builder, "run", *closed, "rtml-test", "--version"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("rtml ")
