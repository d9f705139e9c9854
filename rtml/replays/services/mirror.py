"""The lab's package mirror: a flat repository of one package, of which a new version appears now and then.

It is made with ``dpkg-deb`` where the packages are served; the name is trusted as a company's own is.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import time
from pathlib import Path

__all__ = ["REPOSITORY", "keep_up", "publish", "stanza"]

REPOSITORY = Path("/tmp/apt")
EVERY = 420.0
"""Seconds between two versions."""

_AFTER = "#!/bin/sh\nset -e\nmkdir -p /var/lib/shop-tools\ndate > /var/lib/shop-tools/installed\nldconfig\n"
_TOOL = "#!/bin/sh\necho shop-tools {version}\nuptime | tr -s ' '\n"


def publish(number: int, folder: Path = REPOSITORY) -> Path:
    """Add version ``1.<number>`` of the package, and write the index anew."""
    root = folder / "root"
    shutil.rmtree(root, ignore_errors=True)
    for place in ("DEBIAN", "usr/local/bin", "usr/share/shop-tools"):
        (root / place).mkdir(parents=True)
    control = (
        f"Package: shop-tools\nVersion: 1.{number}\nArchitecture: all\nMaintainer: ops <ops@shop.internal>\n"
        "Description: tools of the shop\n"
    )
    (root / "DEBIAN/control").write_text(control)
    _program(root / "DEBIAN/postinst", _AFTER)
    _program(root / "usr/local/bin/shop-state", _TOOL.format(version=f"1.{number}"))
    (root / "usr/share/shop-tools/data").write_text("\n".join(f"{n} {number}" for n in range(200)))
    package = folder / f"shop-tools_1.{number}_all.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", str(root), str(package)], check=True, capture_output=True
    )
    index = "".join(stanza(path) for path in sorted(folder.glob("*.deb")))
    (folder / "Packages").write_text(index)
    return package


def stanza(package: Path) -> str:
    """Return what the index says of a package."""
    asked = ["dpkg-deb", "-f", str(package)]
    control = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    body = package.read_bytes()
    sums = f"Size: {len(body)}\nSHA256: {hashlib.sha256(body).hexdigest()}\n"
    return f"{control}Filename: ./{package.name}\n{sums}\n"


def keep_up() -> None:
    """Publish a version now, and another one every `EVERY` seconds, for ever."""
    REPOSITORY.mkdir(exist_ok=True)
    number = 0
    while True:
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            publish(number)
        number += 1
        time.sleep(EVERY)


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
