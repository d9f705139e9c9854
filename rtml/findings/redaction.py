r"""Secrets of command lines, taken out of what is handed on.

A finding goes to chats, tickets and mailboxes. What a program was given as a password, a token or a key
does not; that it was given one stays to be seen. Hidden is the value

- of an option or a variable whose name says so (``--password x``, ``API_TOKEN=x``, ``"token": "x"``),
- of an ``Authorization`` header, of ``user:password@`` in an address, and of ``curl -u``,
- of ``-p…`` written together for clients of MySQL and of sshpass,
- that is a token by its looks: of AWS, GitHub, GitLab, Slack, Google, a JSON web token, a private key.

Fails when a secret has no name and no known form (``login hunter2``), when it stands in the
name of a file, and when it is encoded: what an attacker echoes into ``base64 -d`` is evidence and stays.
"""

from __future__ import annotations

import polars as pl

__all__ = ["HIDDEN", "redacted", "without_secrets"]

HIDDEN = "*****"
"""What stands in the place of a secret; Tetragon writes the same."""

_NAME = (
    r"[A-Za-z0-9_.-]*(?:passw(?:or)?d|passphrase|\bpass\b|[_-]pass\b|\bpwd\b|secret|token|credential"
    r"|api[_-]?key|access[_-]?key|private[_-]?key|encryption[_-]?key|auth[_-]?key)[A-Za-z0-9_.-]*"
)
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s"'&;|]+)"""
_ARGUMENT = r"""(?:"[^"]*"|'[^']*'|[^\s"'&;|-][^\s"'&;|]*)"""
_RULES = (
    (r"(?is)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", HIDDEN),
    (
        r"(?i)((?:proxy-)?authorization\s*[:=]\s*(?:(?:basic|bearer|digest|token|negotiate)\s+)?)[^\s\"',;]+",
        "${1}",
    ),
    (r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9+/_.=-]{8,}", "${1}"),
    (r"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(@)", "${1}" + HIDDEN + "${2}"),
    (rf"(?i)(--?{_NAME}\s+){_ARGUMENT}", "${1}"),
    (rf"(?i)(\b{_NAME}[\"']?\s*[:=]\s*){_VALUE}", "${1}"),
    (r"(?i)(\bcurl\b[^|;&]*\s(?:-u|--user|--proxy-user)[\s=]*[^\s:]+:)\S+", "${1}"),
    (r"(?i)(\b(?:mysql\w*|mariadb[\w-]*|mysqldump|sshpass)\b[^|;&]*?\s-p)\S+", "${1}"),
    (r"(?i)(\bredis-cli\b[^|;&]*?\s-a\s+)\S+", "${1}"),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    (r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|sk-)[A-Za-z0-9_-]{12,}", HIDDEN),
    (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", HIDDEN),
)


def redacted(text: pl.Expr) -> pl.Expr:
    """Hide the secrets of texts; null stays null.

    Examples
    --------
    >>> lines = ["mysql -u root -phunter2 shop", "curl -H 'Authorization: Bearer abc.def' http://a:b@h/",
    ...          "deploy --token ghp_0123456789abcdef A_SECRET=b id", "nmap -p 1-99 10.0.0.7", None]
    >>> for line in pl.DataFrame({"c": lines}).select(redacted(pl.col("c")))["c"]: line
    'mysql -u root -p***** shop'
    "curl -H 'Authorization: Bearer *****' http://a:*****@h/"
    'deploy --token ***** A_SECRET=***** id'
    'nmap -p 1-99 10.0.0.7'
    """
    for pattern, kept in _RULES:
        text = text.str.replace_all(pattern, kept if HIDDEN in kept else kept + HIDDEN)
    return text


def without_secrets(text: str) -> str:
    """Hide the secrets of one text.

    Examples
    --------
    >>> without_secrets("vault login -token=s.abc"), without_secrets("passwd root")
    ('vault login -token=*****', 'passwd root')
    """
    return str(pl.select(redacted(pl.lit(text, pl.String))).item())
