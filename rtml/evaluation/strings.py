"""Strings from a capture are hostile: make them visible and harmless before anybody reads them.

Three places, three rules: a page (`visible`, then autoescape), a picture (`picture_text`, because
Plotly reads a little HTML in its labels) and JSON inside a script element (`script_json`).
"""

from __future__ import annotations

import html
import json
from typing import Any

__all__ = ["picture_text", "script_json", "visible"]


def visible(text: str, limit: int = 2000) -> str:
    r"""Spell out what a reader cannot see: control characters, direction overrides, zero widths.

    Parameters
    ----------
    text
        Anything; a lone surrogate too.
    limit
        Characters to keep; what is cut is counted.

    Examples
    --------
    >>> visible("ls\x1b[2J \u202egnp.exe")
    'ls\\x1b[2J \\u202egnp.exe'
    >>> visible("a" * 9, limit=4)
    'aaaa… (+5)'
    """
    kept = text[:limit]
    if not kept.isprintable():
        kept = "".join(c if c.isprintable() else _spelled(c) for c in kept)
    return kept if len(text) <= limit else f"{kept}… (+{len(text) - limit})"


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def picture_text(text: str, limit: int = 120) -> str:
    """Return ``text`` for a Plotly label, name or hover box, where ``<a href>`` would be a link.

    Examples
    --------
    >>> picture_text('<a href="https://evil.example">ok</a>')
    '&lt;a href="https://evil.example"&gt;ok&lt;/a&gt;'
    """
    return html.escape(visible(text, limit), quote=False)


def script_json(value: Any) -> str:
    r"""Return strict JSON that cannot end the script element around it.

    Raises
    ------
    ValueError
        Fails when ``value`` holds NaN or infinity: JSON has neither.

    Examples
    --------
    >>> script_json({"exe": "</script><script>alert(1)</script>"})
    '{"exe":"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
