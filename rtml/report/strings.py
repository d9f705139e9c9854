"""Strings from a capture are hostile: make them visible and harmless before anybody reads them.

Three places, three rules: a page (`visible`, then autoescape), a picture (`picture_text`, because
Plotly reads a little HTML in its labels) and JSON inside a script element (`script_json`).
"""

from __future__ import annotations

import html
import json
from typing import Any

from rtml.text import visible

__all__ = ["picture_text", "script_json", "visible"]


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
