"""A Region's own texts – imprint, privacy, accessibility – as parts of a page. Plain text in, never HTML.

An empty line ends a paragraph, ``## `` begins a heading, ``- `` an item of a list; web and mail addresses become links.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from webapp.plain import plain, web_address

_ADDRESS: Final = re.compile(
    r"https?://[^\s<>\"]{1,400}|(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
)
_AFTER: Final = ".,;:!?)]}'’“”"
_LINK: Final = Markup('<a href="{}" rel="noopener noreferrer">{}</a>')


class Kind(StrEnum):
    """What a part of a text is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"


class Part(NamedTuple):
    """One heading (one line), paragraph (its lines), or list (its items)."""

    kind: Kind
    lines: tuple[Markup, ...]


def parts(text: str) -> Iterator[Part]:
    """The parts of ``text`` in their order, escaped.

    >>> [(part.kind.value, [str(line) for line in part.lines]) for part in parts("## A\\nb\\n<c>\\n\\n- d\\n- e")]
    [('heading', ['A']), ('paragraph', ['b', '&lt;c&gt;']), ('list', ['d', 'e'])]
    """
    lines = (line.strip() for line in plain(text).replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for kind, members in groupby(lines, _kind):
        if kind is None:
            continue
        said = [linked(line.removeprefix("## ").removeprefix("- ").strip()) for line in members]
        if kind is Kind.HEADING:
            yield from (Part(kind, (line,)) for line in said)
        else:
            yield Part(kind, tuple(said))


def linked(line: str) -> Markup:
    """One line, escaped, with web and mail addresses as links.

    >>> linked("Oder <b> a@b.example.")
    Markup('Oder &lt;b&gt; <a href="mailto:a@b.example" rel="noopener noreferrer">a@b.example</a>.')
    """
    made, at = Markup(), 0
    for match in _ADDRESS.finditer(line):
        address = match[0].rstrip(_AFTER)
        target = f"mailto:{address}" if "://" not in address else web_address(address)
        if target is None:
            continue
        made += escape(line[at : match.start()]) + _LINK.format(target, address)
        at = match.start() + len(address)
    return made + escape(line[at:])


def _kind(line: str) -> Kind | None:
    if not line:
        return None
    if line.startswith("## "):
        return Kind.HEADING
    return Kind.LIST if line.startswith("- ") else Kind.PARAGRAPH
