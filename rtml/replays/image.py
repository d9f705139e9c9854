"""Images without a registry: one base made by mmdebstrap, a small layer for each kind.

The base is kept by the hash of its recipe, the images by the hash of their files too, in a store
of their own below the cache folder; sittings only read it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rtml.errors import RtmlError
from rtml.reading.packaged import packaged_yaml
from rtml.replays.private import settle
from rtml.replays.reading import HERE

__all__ = ["HOOKS", "PACKAGES", "SERVICES", "image_files", "lacking", "prepare", "recipe_hash"]

SERVICES = HERE / "services"

PACKAGES = """
    bash binutils bsdextrautils busybox ca-certificates cmark cron curl dnsutils file gawk gcc git gzip
    iproute2 kmod less libc6-dev logrotate make mosquitto mosquitto-clients netcat-openbsd nginx-light
    nodejs openjdk-17-jre-headless openssh-client openssl patch perl postgresql procps psmisc python3
    python3-psycopg2 redis-server rsync rsyslog socat strace sudo tar util-linux vim-tiny wget xxd
    xz-utils zip
""".split()
"""Debian packages of the base: every workload's service, and what operators and intruders use."""

HOOKS = [
    "echo 'local all all trust' > $1/etc/postgresql/15/main/pg_hba.conf",
    "echo 'host all all 10.99.0.0/24 trust' >> $1/etc/postgresql/15/main/pg_hba.conf",
    "chroot $1 install -d -o postgres -g postgres /run/postgresql",
    "chroot $1 su postgres -c '/usr/lib/postgresql/15/bin/postgres --single postgres"
    " -D /var/lib/postgresql/15/main -c config_file=/etc/postgresql/15/main/postgresql.conf'"
    " < $SERVICES/shop.sql",
    "chroot $1 useradd -u 1000 -m shop",
    "sed -i 's/^session.*pam_loginuid/#&/' $1/etc/pam.d/cron",  # nobody logs in here
    "install -d $1/run/secrets/kubernetes.io/serviceaccount $1/srv $1/var/www/html",
    "echo lab-token-that-opens-nothing > $1/run/secrets/kubernetes.io/serviceaccount/token",
    'for n in index about item; do echo "<h1>$n</h1>" > $1/var/www/html/$n.html; done',
]

_NO_DOCS = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
Say = Callable[[str], None]


def recipe_hash() -> str:
    """Hash of everything that images are made of: a change makes new ones."""
    digest = hashlib.sha256("\n".join([*PACKAGES, *HOOKS]).encode())
    digest.update((HERE / "images.yml").read_bytes())
    for path in sorted(SERVICES.glob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def image_files() -> dict[str, dict[str, dict[str, str]]]:
    """Read ``images.yml``: ``files`` of each image, perhaps ``update`` and ``poisoned`` (source to place)."""
    return packaged_yaml("rtml.replays", "images.yml", dict)


def prepare(cache: Path, say: Say) -> Path:
    """Return the store that holds all images of the lab, made now if the cache lacks it."""
    store = cache / f"images-{recipe_hash()}"
    if (store / "complete").exists():
        return store
    cache.mkdir(parents=True, exist_ok=True)
    base = _base(cache, say)
    for old in cache.glob("images-*"):
        shutil.rmtree(old, ignore_errors=True)
    say("making the images")
    podman = _podman(store)
    _run([*podman, "import", "-q", str(base), "rtml/base:1"], "import the base image", store)
    for name, spec in image_files().items():
        _layer(podman, store, name, 1, spec.get("files", {}))
        newer = spec.get("files", {}) | spec.get("update", {})
        _layer(podman, store, name, 2, newer)
        if "poisoned" in spec:
            _layer(podman, store, name, 3, newer | spec["poisoned"])
    (store / "complete").touch()
    return store


def lacking(store: Path, programs: Iterable[str]) -> list[str]:
    """Name the programs that no image of the store has."""
    folders = [
        f for d in ("bin", "sbin", "usr/bin", "usr/sbin") for f in store.glob(f"storage/overlay/*/diff/{d}")
    ]
    return sorted(n for n in set(programs) if not any(os.path.lexists(f / n) for f in folders))


def _base(cache: Path, say: Say) -> Path:
    """Archive of the base root file system, kept by the hash of packages and hooks."""
    tables = (SERVICES / "shop.sql").read_text("utf-8")
    recipe = hashlib.sha256("\n".join([*PACKAGES, *HOOKS, tables]).encode()).hexdigest()[:16]
    path = cache / f"base-{recipe}.tar"
    if path.exists():
        return path
    for old in cache.glob("base-*.tar"):
        old.unlink()
    say(f"making the base image from {len(PACKAGES)} Debian packages (about a minute)")
    part = cache / f"part-{recipe}.tar"
    hooks = [f"--customize-hook={hook}" for hook in HOOKS]
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}", "--skip=cleanup/run"]
    # Java's alternatives want the folder of the manual, which is empty here.
    options += ["--dpkgopt=force-unsafe-io", "--essential-hook=mkdir -p $1/usr/share/man/man1"]
    command = ["mmdebstrap", *options, *_NO_DOCS, *hooks, "bookworm", str(part)]
    _run(command, "make the base root file system", cache)
    part.rename(path)
    return path


def _layer(podman: list[str], store: Path, name: str, version: int, files: dict[str, str]) -> None:
    """Make ``rtml/name:version``: some files on the base, its version, and where packages are from."""
    context = store / "context"
    context.mkdir(exist_ok=True)
    lines = ["FROM rtml/base:1", f"LABEL rtml.image={name} rtml.version={version}"]
    (context / "release").write_text(f"{name} {version}\n")
    everywhere = {"release": "/etc/shop-release", "sources.list": "/etc/apt/sources.list"}
    for source, place in {**files, **everywhere}.items():
        if (SERVICES / source).exists():
            shutil.copy(SERVICES / source, context / source)
        if not (context / source).exists():
            raise RtmlError(f"images.yml: image {name!r} wants {source!r}, which is not there")
        (context / source).chmod(0o644)
        lines.append(f"COPY {source} {place}")
    recipe = context / "Containerfile"
    recipe.write_text("\n".join(lines) + "\n")
    tag = f"rtml/{name}:{version}"
    _run([*podman, "build", "-q", "-t", tag, "-f", str(recipe), str(context)], f"make {tag}", store)


def _podman(store: Path) -> list[str]:
    """Podman on a store of its own: the machine's is never touched."""
    folders = ["--root", str(store / "storage"), "--runroot", str(store / "run")]
    return [
        "podman",
        *folders,
        "--tmpdir",
        str(store / "tmp"),
        "--cgroup-manager=cgroupfs",
        "--runtime",
        "runc",
    ]


def _run(command: list[str], purpose: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder), "SERVICES": str(SERVICES)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        why = done.stderr.strip().splitlines()[-3:] or ["no message"]
        raise RtmlError(f"cannot {purpose}: {' / '.join(why)}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _main(cache: str) -> None:
    """Run in private namespaces by the recorder: podman's locks and mounts stay inside."""
    settle(network=True)
    try:
        prepare(Path(cache), _say)
    except RtmlError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main(sys.argv[1])
