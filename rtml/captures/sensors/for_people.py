"""What sensors print for people, of which no reader makes events: what it is, and how to have JSON."""

from __future__ import annotations

import re

__all__ = ["printed"]

_LEVELS = rb"(?:Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug)"
_CLOCK = rb"\d\d:\d\d:\d\d\.\d{6,9}"
_VERDICTS = rb"(?:FORWARDED|DROPPED|ERROR|AUDIT|REDIRECTED|TRACED|TRANSLATED)"
_TETRA = ("\N{ROCKET} process", "\N{COLLISION SYMBOL} exit", "\N{OPEN MAILBOX WITH RAISED FLAG} open")
_COLUMNS = rb"(?:K8S\.NODE|K8S\.NAMESPACE|RUNTIME\.CONTAINERNAME|NODE +NAMESPACE +POD)\b"
_DAY = rb"(?:[A-Z][a-z]{2} [ \d]\d )?"
_NODE = rb"(?: \[[^\]]{1,99}\])?"
_FORMS = {
    "alerts of Falco as text; set json_output: true (and json_include_output_fields_property)": (
        rb"^(?:\d{4}-\d\d-\d\dT)?" + _CLOCK + rb"(?:Z|[+-]\d{4})?: " + _LEVELS + rb" "
    ),
    "what tetra prints in its compact form; run it with -o json, or take the export file": (
        rb"\A(?:" + "|".join(_TETRA).encode() + rb") "
    ),
    "Tracee's table; run it with --output json": rb"\ATIME +(?:\S+ +){0,3}UID +COMM +PID\b[^\n]*\bARGS",
    "what karmor prints for people; have karmor logs write JSON": (
        rb"\A== (?:Alert|Log|Message) / \d{4}-\d\d-\d\d "
    ),
    "the columns of Inspektor Gadget; run the gadget with -o json": (
        rb"\A" + _COLUMNS + rb"[^\n]* (?:COMM|PID|TIMESTAMP|SRC)\b"
    ),
    "what hubble prints for people; run hubble observe -o jsonpb, or take the export file": (
        rb"\A" + _DAY + rb"\d\d:\d\d:\d\d\.\d{3}" + _NODE + rb": \S+ (?:\(\S+\) )?(?:->|<-|<>) "
        rb"[^\n]{1,300} " + _VERDICTS + rb"\b"
    ),
    "what sysdig prints for people; run it with -j": (
        rb"\A\d{1,12} " + _CLOCK + rb" \d{1,4} [^()\n]{1,40} \([\d.:]+\) [<>] \w"
    ),
}
_PRINTED = {what: re.compile(form, re.MULTILINE) for what, form in _FORMS.items()}
_RECORDS = (b'"output_fields"', b'"process_exec"', b'"rule"')
"""With one of these there are records between what is printed."""


def printed(head: bytes) -> str | None:
    r"""Say what a file is that begins so and that a sensor printed for people; None for all else.

    Examples
    --------
    >>> printed(b"08:45:00.123456789: Notice A shell was spawned (user=root)")[:22]
    'alerts of Falco as tex'
    >>> printed(b"TIME             UID    COMM             PID     TID     RET  EVENT  ARGS")
    "Tracee's table; run it with --output json"
    >>> printed(b'08:45:00.123456789: Notice x\n{"rule": "r"}')
    """
    text = head.lstrip()
    if any(word in text for word in _RECORDS):
        return None
    return next((what for what, form in _PRINTED.items() if form.search(text)), None)
