"""Alerts of Tracee: ``eventName`` with ``metadata.Properties``, or ``name`` with ``threat``.

Of the properties, Severity, Category and external_id count; events without either are not alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.findings.formats.contract import Alert, Format, Reject, alert, nested
from rtml.findings.levels import level_of

__all__ = ["TRACEE", "tracee"]


def tracee(record: Mapping[str, Any]) -> Alert:
    """Read one event of Tracee that is a threat."""
    threat, old = nested(record, "threat"), nested(record, "metadata", "Properties")
    if not threat and "Severity" not in old:
        raise Reject("an event without a threat")
    work = nested(record, "workload") or record
    container, pod = nested(work, "container"), nested(work, "pod") or nested(work, "kubernetes")
    mitre = nested(threat, "mitre")
    technique = nested(mitre, "technique").get("id") or old.get("external_id")
    tactic = nested(mitre, "tactic").get("name") or old.get("Category")
    severity = str(threat.get("severity", old.get("Severity"))).lower()
    image = container.get("image")
    return alert(
        record.get("eventName") or record.get("name"),
        record.get("timestamp"),
        level_of(severity),
        [str(technique), str(tactic).lower().replace(" ", "-")],
        host=record.get("hostName"),
        container_id=container.get("id") or record.get("containerId"),
        container_name=container.get("name"),
        pod=pod.get("podName") or pod.get("name"),
        namespace=pod.get("podNamespace") or nested(pod, "namespace").get("name"),
        image=image.get("name") if isinstance(image, dict) else image,
        output=threat.get("description") or nested(old).get("signatureName"),
        **_process(record),
    )


def _process(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return who did it, as either generation names it, and the command line where an argument holds one."""
    process = nested(record, "workload", "process")
    executable = nested(process, "executable")
    user = nested(process, "real_user")
    data = record.get("args") or record.get("data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    given = {str(row.get("name")): row.get("value", row.get("str_array", row.get("str"))) for row in rows}
    argv = given.get("argv") or given.get("cmdline")
    words = argv.get("value") if isinstance(argv, dict) else argv
    return {
        "pid": process.get("host_pid", record.get("hostProcessId")),
        "user": user.get("name") or user.get("id", record.get("userId")),
        "exe": executable.get("path") or record.get("executable") or record.get("processName"),
        "cmdline": " ".join(map(str, words)) if isinstance(words, list) else words,
        "path": given.get("pathname"),
    }


TRACEE = Format("tracee", tracee, writers=("tracee",))
