"""What an attack may never say: the part of *harmless by construction* that a machine can read.

This is a net under the author, not a proof: the containers have no way out and no rights over the
machine, and that is what holds. It refuses words that would hurt a machine on which a command ran
by mistake, and every address that is not the lab's.
"""

from __future__ import annotations

import re

__all__ = ["FORBIDDEN", "dangers"]

FORBIDDEN: dict[str, str] = {
    r"sysrq": "kernel emergency keys",
    r"core_pattern|modprobe_path|uevent_helper|binfmt_misc": "a program that the kernel starts",
    r"\b(reboot|shutdown|poweroff|halt|kexec)\b": "stopping the machine",
    r"\b(insmod|modprobe|rmmod)\b": "real kernel modules",
    r"\b(mkfs|fdisk|parted|wipefs|blkdiscard|mkswap|losetup)\b": "file systems",
    r"of=/dev/(?!null)": "writing to a device",
    r">>?\s*/dev/(?!null|tcp/|udp/|shm/|fd/)": "writing to a device",
    r":\s*\(\)\s*\{": "a fork bomb",
    r"\brm\s+(-\w+\s+)*/(\s|;|\*|$)": "removing everything",
    r"--no-preserve-root": "removing everything",
    r"\b(pkill|killall)\b|\bkill\s+(-\w+\s+)*-?1\b": "killing other processes",
    r"\b(chroot|pivot_root)\b": "another root folder",
    r"\b(fallocate|yes)\b|if=/dev/(zero|urandom)": "filling disks",
    r"\bwhile\s+(true|:)|\bfor\s*\(\(\s*;": "a loop without an end",
    r"\bnohup\b|\bdisown\b|\bsetsid\b": "outliving the attack",
    r"/(host|hostfs|rootfs)/": "a mounted host",
}
"""Regular expressions and what they stand for."""

_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_LINK = re.compile(r"\b(?:https?|ftp|telnet|ssh|tcp)://(\[?[^/\s\"':]+)")
_OURS = {"127.0.0.1", "169.254.169.254", "localhost"}
_NAMES = (".shop.internal", ".partner.example")
"""Names that only the lab's name server knows: both ends are reserved, they lead nowhere outside."""


def dangers(text: str) -> list[str]:
    """Name what is forbidden in a shell text or script; nothing found gives an empty list.

    Examples
    --------
    >>> dangers("curl -s http://{infra}:8000/update.sh; rm -f /tmp/x")
    []
    >>> dangers("rm -rf / ; curl http://10.0.0.1/x")
    ["removing everything: 'rm -rf / '", "address that is not the lab's: '10.0.0.1'"]
    """
    words = [
        f"{why}: {match.group()!r}"
        for pattern, why in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]
    places = [*_ADDRESS.findall(text), *_LINK.findall(text)]
    foreign = [place for place in dict.fromkeys(places) if not _ours(place)]
    return words + [f"address that is not the lab's: {place!r}" for place in foreign]


def _ours(place: str) -> bool:
    return place in _OURS or place.endswith(_NAMES) or re.fullmatch(r"\{[a-z][a-z0-9-]*\}", place) is not None
