"""The lab's package mirror: real packages, an index that apt's own rules fit, newer versions are newer."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rtml.replays.services.mirror import publish

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is absent")


def test_every_version_is_in_the_index_with_its_size_and_sum(tmp_path: Path):
    packages = [publish(number, tmp_path) for number in (0, 1, 10)]
    stanzas = (tmp_path / "Packages").read_text().strip().split("\n\n")
    told = [dict(re.findall(r"(?m)^([\w-]+): (.*)$", stanza)) for stanza in stanzas]
    assert {t["Version"] for t in told} == {"1.0", "1.1", "1.10"}
    for each in told:
        body = (tmp_path / each["Filename"]).read_bytes()
        assert len(body) == int(each["Size"]) and hashlib.sha256(body).hexdigest() == each["SHA256"]
    assert all(package.is_file() for package in packages)


def test_a_later_version_is_newer_and_does_something_when_installed(tmp_path: Path):
    old, new = publish(9, tmp_path), publish(10, tmp_path)
    versions = [
        subprocess.check_output(["dpkg-deb", "-f", p, "Version"], text=True).strip() for p in (old, new)
    ]
    assert (
        subprocess.run(["dpkg", "--compare-versions", versions[0], "lt", versions[1]], check=False).returncode
        == 0
    )
    parts = subprocess.check_output(["dpkg-deb", "--ctrl-tarfile", new])
    assert b"postinst" in parts
