"""Families of attacks, and the finding types of runtime products that each one should bring out."""

from __future__ import annotations

__all__ = ["FAMILIES", "OUT_OF_REACH"]

FAMILIES: dict[str, tuple[str, ...]] = {
    "reverse-shell": ("Execution:Runtime/ReverseShell",),
    "download-execute": ("Execution:Runtime/NewBinaryExecuted", "Execution:Runtime/SuspiciousCommand"),
    "fileless": ("DefenseEvasion:Runtime/FilelessExecution",),
    "process-injection": (
        "DefenseEvasion:Runtime/ProcessInjection.Proc",
        "DefenseEvasion:Runtime/ProcessInjection.Ptrace",
        "DefenseEvasion:Runtime/ProcessInjection.VirtualMemoryWrite",
        "DefenseEvasion:Runtime/PtraceAntiDebugging",
    ),
    "container-escape": (
        "PrivilegeEscalation:Runtime/DockerSocketAccessed",
        "PrivilegeEscalation:Runtime/RuncContainerEscape",
        "PrivilegeEscalation:Runtime/CGroupsReleaseAgentModified",
        "PrivilegeEscalation:Runtime/ContainerMountsHostDirectory",
        "PrivilegeEscalation:Runtime/UserfaultfdUsage",
        "PrivilegeEscalation:Runtime/SuspiciousCommand",
    ),
    "miner": ("Impact:Runtime/CryptoMinerExecuted", "CryptoCurrency:Runtime/BitcoinTool.B"),
    "dns-tunnel": ("Backdoor:Runtime/C&CActivity.B!DNS",),
    "dga": ("Trojan:Runtime/DGADomainRequest.C!DNS", "Impact:Runtime/SuspiciousDomainRequest.Reputation"),
    "beacon": ("Backdoor:Runtime/C&CActivity.B",),
    "port-scan": (),
    "credential-theft": (),
    "metadata-service": ("UnauthorizedAccess:Runtime/MetadataDNSRebind",),
    "sensitive-file": (
        "Persistence:Runtime/SensitiveFileModified",
        "PrivilegeEscalation:Runtime/SensitiveFileModified",
    ),
    "persistence": ("Persistence:Runtime/SuspiciousCommand", "Execution:Runtime/NewLibraryLoaded"),
    "setuid": ("PrivilegeEscalation:Runtime/ElevationToRoot",),
    "kernel-module": ("DefenseEvasion:Runtime/KernelModuleLoaded",),
    "log-wiping": ("DefenseEvasion:Runtime/SensitiveFileModified",),
    "defence-impairment": ("DefenseEvasion:Runtime/SuspiciousCommand",),
    "web-shell": ("Execution:Runtime/SuspiciousShellCreated",),
    "exfiltration": ("Trojan:Runtime/DropPoint",),
    "discovery": ("Discovery:Runtime/SuspiciousCommand", "Execution:Runtime/SuspiciousTool"),
    "impact": (),
    "living-off-the-land": (),
    "intrusion": (),
}
"""Finding types by family; an empty tuple: no runtime finding type is published for it.

Types that need a threat-intelligence list stand with the behaviour behind them: in a closed lab
the address is never on a list, so that the behaviour is all there is to see.
"""

OUT_OF_REACH: dict[str, str] = {
    "UnauthorizedAccess:Runtime/TorRelay": "needs relays of the Tor network",
    "UnauthorizedAccess:Runtime/TorClient": "needs relays of the Tor network",
    "Trojan:Runtime/BlackholeTraffic": "needs a list of sinkholes",
    "CryptoCurrency:Runtime/BitcoinTool.B!DNS": "needs a list of names",
    "Trojan:Runtime/BlackholeTraffic!DNS": "needs a list of sinkholes",
    "Trojan:Runtime/DropPoint!DNS": "needs a list of names",
    "Trojan:Runtime/DriveBySourceTraffic!DNS": "needs a list of names",
    "Trojan:Runtime/PhishingDomainRequest!DNS": "needs a list of names",
    "Impact:Runtime/AbusedDomainRequest.Reputation": "needs a reputation service",
    "Impact:Runtime/BitcoinDomainRequest.Reputation": "needs a reputation service",
    "Impact:Runtime/MaliciousDomainRequest.Reputation": "needs a reputation service",
    "Execution:Runtime/MaliciousFileExecuted": "needs a known malicious program",
    "Execution:Runtime/MaliciousFileExecuted.Custom": "needs a user's list of hashes",
}
"""Finding types that a closed, harmless lab cannot bring out, and why."""
