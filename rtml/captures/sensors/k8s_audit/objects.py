"""What Kubernetes objects of an audit event say: pods, roles, bindings, services, data keys.

Secrets never leave this module: of data only the keys are returned, and one Boolean.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any

from rtml.captures.sensors.k8s_audit.patches import asked_for
from rtml.captures.sensors.k8s_audit.values import flag, items, mapping, pairs, texts, word
from rtml.captures.sensors.pods import owner_of

__all__ = ["NO_FACTS", "facts_of", "object_facts"]

_CREDENTIAL = re.compile(
    r"aws[_-]?(?:s3[_-]?)?(?:access[_-]?key|secret)|passw(?:or)?d|passphrase|private[_-]?key"
    r"|api[_-]?key|client[_-]?secret|secret[_-]?key|(?:auth|access|bearer)[_-]?token"
    r"|-----begin [a-z ]*private key|akia[0-9a-z]{16}"
)
_MOST_SEARCHED = 1_000_000
_POD = set(
    "containers initContainers ephemeralContainers volumes hostNetwork hostPID hostIPC serviceAccountName"
    " nodeName template jobTemplate".split()
)
_ROLE = {"rules", "roleRef", "subjects"}
"""Keys without any of which an object says nothing of pods, or of roles."""
_KINDS = {
    "services": "Service",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "persistentvolumes": "PersistentVolume",
}
"""Kind of the objects of a resource."""
_TEMPLATES = ((), ("template", "spec"), ("jobTemplate", "spec", "template", "spec"))
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def facts_of(value: Any, kind: str | None = None) -> Mapping[str, Any]:
    """Return what the object of a request says, or of an answer; of a patch, what it writes."""
    body = asked_for(value)
    if not body:
        return NO_FACTS
    spec, metadata, own = mapping(body, "spec"), mapping(body, "metadata"), word(body.get("kind"))
    kind = own or kind
    pod = _volume(spec) if kind == "PersistentVolume" else spec or body
    facts = {**NO_FACTS, "object_kind": own}
    if metadata:
        facts |= {"labels": pairs(metadata.get("labels")), "owner": owner_of(metadata)}
    if not _POD.isdisjoint(pod):
        facts |= _pod(pod)
    if not _ROLE.isdisjoint(body):
        facts |= _role(body)
    if kind == "Service":
        facts |= _service(spec)
    elif kind in ("ConfigMap", "Secret"):
        facts |= _data(kind, body)
    return facts | _review(body, spec)


def object_facts(
    request: Any,
    response: Any,
    resource: str | None = None,
    facts_of: Callable[[Any, str | None], Mapping[str, Any]] = facts_of,
) -> Mapping[str, Any]:
    """Return columns of the audit table from the objects of a request and its response.

    What the request does not say is taken from the response: a patch names only what changes, a
    read has no request object. Nor does a patch say of what kind it is: ``resource`` does.

    Examples
    --------
    >>> pod = {"kind": "Pod", "spec": {"hostPID": True, "containers": [{"image": "nginx:1"}]}}
    >>> facts = object_facts(pod, None)
    >>> facts["images"], facts["host_pid"], facts["host_network"]
    (['nginx:1'], True, None)
    """
    kind = _KINDS.get(resource or "")
    asked = facts_of(request, kind) if request else NO_FACTS
    answered = mapping(response)
    if not answered or answered is request or answered.get("kind") == "Status":
        return asked
    found = facts_of(answered, kind)
    return {name: found[name] if value is None else value for name, value in asked.items()}


def _volume(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the spec of a pod that has mounted a persistent volume of this spec."""
    return {"volumes": [{"hostPath": mapping(spec, name)} for name in ("hostPath", "local")]}


def _pod(spec: dict[str, Any]) -> dict[str, Any]:
    pods = [pod for path in _TEMPLATES if (pod := mapping(spec, *path))]
    containers = [mapping(c) for pod in pods for name in _CONTAINERS for c in items(pod.get(name))]
    contexts = [mapping(container.get("securityContext")) for container in containers]
    volumes = [mapping(volume, "hostPath") for pod in pods for volume in items(pod.get("volumes"))]
    return {
        "images": texts([container.get("image") for container in containers]),
        "commands": texts([_command(container) for container in containers]),
        "privileged": any(context.get("privileged") is True for context in contexts) if containers else None,
        "capabilities": texts([added for context in contexts if context for added in _added(context)]),
        "host_paths": texts([_plain(volume.get("path")) for volume in volumes if volume]),
        "host_network": _first(pods, "hostNetwork", bool),
        "host_pid": _first(pods, "hostPID", bool),
        "host_ipc": _first(pods, "hostIPC", bool),
        "pod_service_account": word(_first(pods, "serviceAccountName", str)),
        "node": word(_first(pods, "nodeName", str)),
    }


def _plain(path: Any) -> Any:
    """Return one spelling of a folder: ``//etc/./ssl/`` is ``/etc/ssl``."""
    return posixpath.normpath(f"/{path.lstrip('/')}") if isinstance(path, str) and path[:1] == "/" else path


def _first(pods: list[dict[str, Any]], name: str, kind: type) -> Any:
    """Return the first value of a kind; a text only if it is not empty."""
    for pod in pods:
        value = pod.get(name)
        if type(value) is kind and value != "":
            return value
    return None


def _command(container: dict[str, Any]) -> str:
    parts = items(container.get("command")) + items(container.get("args"))
    return " ".join([part for part in parts if isinstance(part, str)])


def _added(context: dict[str, Any]) -> list[Any]:
    return items(mapping(context, "capabilities").get("add"))


def _role(body: dict[str, Any]) -> dict[str, Any]:
    rules = [mapping(rule) for rule in items(body.get("rules"))]
    ref = mapping(body, "roleRef")
    kind, name = word(ref.get("kind")) or "?", word(ref.get("name"))
    return {
        "rule_groups": texts(group for rule in rules for group in items(rule.get("apiGroups"))),
        "rule_resources": texts(resource for rule in rules for resource in items(rule.get("resources"))),
        "rule_verbs": texts(verb for rule in rules for verb in items(rule.get("verbs"))),
        "role": f"{kind}/{name}" if name else None,
        "subjects": texts(_subject(mapping(subject)) for subject in items(body.get("subjects"))),
    }


def _subject(subject: dict[str, Any]) -> str | None:
    kind, name, namespace = (word(subject.get(key)) for key in ("kind", "name", "namespace"))
    place = f"{namespace}/" if namespace and kind == "ServiceAccount" else ""
    return f"{kind or '?'}:{place}{name}" if name else None


def _service(spec: dict[str, Any]) -> dict[str, Any]:
    ports = [mapping(port) for port in items(spec.get("ports"))]
    numbers = (port.get(key) for port in ports for key in ("port", "nodePort"))
    return {
        "service_type": word(spec.get("type")),
        "ports": texts(str(n) for n in numbers if isinstance(n, int) and not isinstance(n, bool)),
        "selector": pairs(spec.get("selector")),
    }


def _data(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    data = {**mapping(body, "data"), **mapping(body, "stringData"), **mapping(body, "binaryData")}
    return {
        "data_keys": texts(data),
        "holds_secret": _credentials(data) if kind == "ConfigMap" else None,
        "secret_type": word(body.get("type")) if kind == "Secret" else None,
    }


def _credentials(data: dict[str, Any]) -> bool:
    """Tell whether a config map seems to hold a credential; the values go no further."""
    return any(
        _CREDENTIAL.search(f"{key}={value}"[:_MOST_SEARCHED].lower())
        for key, value in data.items()
        if isinstance(value, str)
    )


def _review(body: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    asked, found = mapping(spec, "resourceAttributes"), dict[str, Any]()
    if asked:
        verb, resource, part = (word(asked.get(key)) for key in ("verb", "resource", "subresource"))
        what = f"{resource}/{part}" if part else resource
        found["permission"] = f"{verb or '*'} {what or '*'}"
    if (word(body.get("kind")) or "").endswith("AccessReview"):
        found["allowed"] = flag(mapping(body, "status").get("allowed"))
    return found


NO_FACTS: Mapping[str, Any] = dict.fromkeys(
    (
        "object_kind",
        "labels",
        "owner",
        *_pod({}),
        *_role({}),
        *_service({}),
        *_data("", {}),
        "permission",
        "allowed",
    )
)
"""Facts of an event that carries no object."""
