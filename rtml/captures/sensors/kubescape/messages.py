"""What messages of alerts say, where only the message does: the words of the agent's rules, old and new.

Alertmanager's labels name rule, container and process; what the process did stands in a sentence.
"""

from __future__ import annotations

import polars as pl

__all__ = ["said_in"]

_MESSAGE = pl.col("message")
_ENDS = r'\)|"| with (?:flags|PID)\b| in(?:: | directory )| by process | from: |$'
_PATH = rf'(?:: |\(|"|\bto )(/.*?)(?:{_ENDS})'
_LINK = r"file: (/.+?) - (/.+)$"
_CALL = r"(?:system call(?: detected)?:|\bsyscall) \(?([a-z_0-9]+)"
_FLAGS = r"with flags:? \[?([A-Z0-9_|, ]+)"
_DOMAIN = r"\bdomain(?: communication)?: (\S+)"
_PEER = r"(?:^| )\[?([0-9a-fA-F.:]+?)\]?:(\d{1,5})(?: |$)"
"""Address and port; that of IPv6 has colons of its own, so the port is what stands last."""
_TO = r" to ([0-9a-fA-F.:]+)(?: |$)"
_PORT = r"\bon port (\d{1,5})\b"
_PROTOCOL = r"\b(?:using|protocol) (\w+)"


def said_in(messages: pl.Series) -> pl.DataFrame:
    """Return what messages say, a row for each distinct one: the arguments that an alert has elsewhere.

    Examples
    --------
    >>> said = said_in(pl.Series(["Unexpected file access: /etc/a b with flags O_RDWR,O_CREAT in: web"]))
    >>> said.select("path", "flag_words").row(0)
    ('/etc/a b', ['O_RDWR', 'O_CREAT'])
    >>> said = said_in(pl.Series(["Unexpected egress network communication to: fd00::1:53 using UDP"]))
    >>> said.select("ip", "port", "proto").row(0)
    ('fd00::1', '53', 'UDP')
    """
    distinct = messages.drop_nulls().unique(maintain_order=True).to_frame("message")
    linked = _MESSAGE.str.contains(_LINK)
    return distinct.with_columns(
        oldPath=_MESSAGE.str.extract(_LINK, 1),
        newPath=_MESSAGE.str.extract(_LINK, 2),
        path=pl.when(~linked).then(_MESSAGE.str.extract(_PATH)),
        syscall=_MESSAGE.str.extract(_CALL),
        domain=_MESSAGE.str.extract(_DOMAIN),
        ip=pl.coalesce(_MESSAGE.str.extract(_PEER, 1), _MESSAGE.str.extract(_TO)),
        port=pl.coalesce(_MESSAGE.str.extract(_PEER, 2), _MESSAGE.str.extract(_PORT)),
        proto=_MESSAGE.str.extract(_PROTOCOL),
        flag_words=_MESSAGE.str.extract(_FLAGS).str.extract_all(r"\w+"),
    )
