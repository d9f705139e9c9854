"""What a notebook shows: markup that was built, never pasted, and the same as plain text.

Every string of a capture is hostile. Here markup is a tree of elements (`element`), so a string can
only ever become text: it is escaped by the serialiser, and `rtml.text.visible` has spelled
out its control characters and direction overrides before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from xml.etree import ElementTree as ET

from rtml.text import visible

__all__ = ["NO_MATH", "SVG", "Content", "Shown", "element", "html", "sentence", "svg", "verbatim"]

Content: TypeAlias = "ET.Element | str"

SVG = "image/svg+xml"
"""Kind of a picture."""

LONGEST = 600
"""Characters of one text that are shown; what is cut is counted."""

NO_MATH = "tex2jax_ignore mathjax_ignore"
"""Class of markup in which Jupyter must not take ``$PATH ... $HOME`` for a formula."""


@dataclass(frozen=True, repr=False)
class Shown:
    """The last expression of a notebook cell, drawn by Jupyter; ``text`` where it cannot draw.

    Examples
    --------
    >>> Shown("text/html", "<b>app</b>", "app")
    app
    """

    kind: str
    markup: str
    text: str

    def __repr__(self) -> str:
        """Return the plain text."""
        return self.text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        bundle = {self.kind: self.markup, "text/plain": self.text}
        if self.kind == SVG:
            # JupyterLab draws a picture as an image, in which nothing answers the pointer; in a page it does.
            bundle["text/html"] = f'<div class="{NO_MATH}">{self.markup}</div>'
        return bundle


def element(tag: str, *content: Content, **attributes: object) -> ET.Element:
    r"""Make an element of text and elements.

    Parameters
    ----------
    tag
        Name of the element; one that is written in our code, never one from a capture.
    content
        Strings become text, made visible.
    attributes
        ``text_anchor`` becomes ``text-anchor``, ``class_`` becomes ``class``.

    Examples
    --------
    >>> ET.tostring(element("td", "<script>\x1b[2J", element("b", "x")), encoding="unicode")
    '<td>&lt;script&gt;\\x1b[2J<b>x</b></td>'
    """
    named = {
        key.strip("_").replace("_", "-"): visible(str(value), LONGEST) for key, value in attributes.items()
    }
    made, last = ET.Element(tag, named), None
    for part in content:
        if isinstance(part, ET.Element):
            made.append(part)
            last = part
        elif last is None:
            made.text = (made.text or "") + visible(part, LONGEST)
        else:
            last.tail = (last.tail or "") + visible(part, LONGEST)
    return made


def verbatim(text: str) -> ET.Element:
    r"""Return text of several lines that somebody will copy: whole, and visible line by line.

    Examples
    --------
    >>> ET.tostring(verbatim("a: <b>\n  c: \x1b"), encoding="unicode")
    '<pre style="white-space: pre-wrap; word-break: normal">a: &lt;b&gt;<br />  c: \\x1b</pre>'
    """
    made, last = element("pre", style="white-space: pre-wrap; word-break: normal"), None
    for line in text.split("\n"):
        if last is None:
            made.text = visible(line, len(line))
        else:
            last.tail = visible(line, len(line))
        last = ET.SubElement(made, "br")
    if last is not None:
        made.remove(last)
    return made


def html(root: ET.Element, text: str) -> Shown:
    """Return an HTML element as something that a notebook shows."""
    return Shown("text/html", ET.tostring(root, encoding="unicode", method="html"), _plain(text))


def sentence(text: str) -> Shown:
    """Return what is said where there is nothing to draw.

    Examples
    --------
    >>> sentence("<b>").markup
    '<p>&lt;b&gt;</p>'
    """
    return html(element("p", text), text)


def svg(root: ET.Element, text: str) -> Shown:
    """Return a picture, for viewers that draw images and for those that draw pages."""
    return Shown(SVG, ET.tostring(root, encoding="unicode"), _plain(text))


def _plain(text: str) -> str:
    """Make plain text visible line by line: it may be printed on a terminal."""
    return "\n".join(visible(line, LONGEST) for line in text.split("\n"))
