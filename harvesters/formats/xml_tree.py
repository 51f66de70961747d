"""XML as sites really send it → its root element: without a network, without entities, bounded."""

import html
import html.entities
import re
from typing import Final

from lxml import etree

from harvesters.formats.records import Origin
from harvesters.formats.text import decode
from harvesters.problems import ReadError

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:([A-Za-z][A-Za-z0-9]{1,30});|(?!#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});))", re.DOTALL
)
"""References by name, and ampersands that begin none; sections of plain characters are passed over."""
_XML: Final = frozenset(("amp", "lt", "gt", "quot", "apos"))
_TAIL: Final = 2_000


def text_of(content: bytes, origin: Origin, charset: str | None) -> str:
    """The characters of a document; raises ``ReadError`` for one that declares entities, which no feed needs."""
    declared = _DECLARED.search(content[:500])
    text, _ = decode(content, origin.source.access.encoding, declared[1].decode("ascii") if declared else charset)
    if "<!ENTITY" in text.upper():
        raise ReadError(
            origin.source.name, origin.url, f"{origin.format}.entities",
            "Der Feed erklärt eigene Entitäten und wurde nicht gelesen.",
            "Das kommt in Feeds nicht vor und kann ein Angriff sein; bitte die Betreiber fragen.",
        )  # fmt: skip
    return text


def tree_of(text: str, url: str) -> tuple[etree._Element | None, bool]:
    """The root element, ``None`` where there is none, and whether the XML is well-formed.

    Names of HTML (``&nbsp;``), which XML does not know, are read as what they mean, lone ampersands as themselves.
    """
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    known = _REFERENCE.sub(_escaped, text).replace("\0", "").lstrip()
    try:
        root = etree.fromstring(known.encode("utf-8", "replace"), parser, base_url=url)
    except etree.XMLSyntaxError:
        return None, False
    return root, not any(entry.level == etree.ErrorLevels.FATAL for entry in parser.error_log)


def ends_with(text: str, *names: str) -> bool:
    """Whether a document comes to the end of its root, which has one of ``names``; one that breaks off does not.

    >>> ends_with("<a:rss></a:rss>\\n", "rss"), ends_with("<rss><item>", "rss"), ends_with("<rss/>", "rss")
    (True, False, True)
    """
    tail, name = text[-_TAIL:], "|".join(map(re.escape, names))
    closed = re.search(rf"</(?:[\w.-]{{1,20}}:)?(?:{name})\s*>", tail, re.IGNORECASE)
    empty = re.search(rf"<(?:[\w.-]{{1,20}}:)?(?:{name})\b[^>]*/>\s*\Z", tail, re.IGNORECASE)
    return closed is not None or empty is not None


def name_of(element: etree._Element) -> str:
    """The element's name without its namespace, in small letters."""
    return local(str(element.tag))


def local(name: str) -> str:
    """A name without its namespace or prefix, in small letters.

    >>> local("{http://purl.org/dc/elements/1.1/}Date"), local("undeclared:date")
    ('date', 'date')
    """
    return name.rpartition("}")[2].rpartition(":")[2].lower()


def _escaped(match: re.Match[str]) -> str:
    """What a reference of HTML is in XML.

    >>> _REFERENCE.sub(_escaped, "A&B &auml; &lt; &x1; &#228; <![CDATA[?a&b]]>")
    'A&amp;B ä &lt; &amp;x1; &#228; <![CDATA[?a&b]]>'
    """
    if match[0].startswith("<") or match[1] in _XML:
        return match[0]
    known = html.entities.html5.get(f"{match[1]};") if match[1] else None
    return html.escape(known if known is not None else match[0])
