"""schema.org as RDFa Lite in web pages → Records, through the same mapping as JSON-LD.

Read here, not by an RDF library: those give nodes in an order that changes from run to run, and an offer without an
identifier is told from its neighbours by its place on the page.
"""

from datetime import datetime
from typing import Final
from urllib.parse import urljoin

import lxml.html

from harvesters.formats.pages import canonical, page_of
from harvesters.formats.records import Origin, Parsed, finish
from harvesters.formats.schema_org import Node, offers_in, record_of
from harvesters.formats.text import element_lines
from schemas.harvest import Issue, Record, Source

FORMAT: Final = "rdfa"
_VOCABULARY: Final = "schema.org"
_LINKS: Final = ("resource", "href", "src")


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The offers in a page's RDFa Lite, keyed by ``resource``, ``url``, or the page's address and their ordinal."""
    origin = Origin(source, url, fetched_at, FORMAT)
    page = page_of(content, source, charset)
    if page is None:
        return Parsed()
    issues: list[Issue] = []
    records: list[Record] = []
    key = canonical(page, url)
    for ordinal, node in enumerate(offers_in(_items(page, url))):
        record, problems = record_of(origin, node, key=key, part=ordinal)
        issues.extend(problems)
        if record is not None:
            records.append(record)
    return finish(origin, records, issues)


def _items(page: lxml.html.HtmlElement, url: str) -> list[Node]:
    """The outermost items of the page in its order, in the shape of JSON-LD."""
    items: list[Node] = []
    scopes: dict[object, tuple[str, Node | None]] = {}
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        vocabulary, node = scopes.get(element.getparent(), ("", None))
        vocabulary = str(element.get("vocab", vocabulary))
        names = _terms(element.get("property"), vocabulary)
        if element.get("typeof") is not None:
            child: Node = {"@type": _terms(element.get("typeof"), vocabulary)}
            if identity := str(element.get("resource") or element.get("about") or "").strip():
                child["@id"] = _joined(url, identity)
            if node is None or not names:
                items.append(child)
            else:
                _add(node, names, child)
            node = child
        elif names and node is not None:
            _add(node, names, _value(element, url))
        scopes[element] = (vocabulary, node)
    return items


def _add(node: Node, names: list[str], value: object) -> None:
    """``value`` under each of ``names``: alone, or after what stands there."""
    for name in names:
        known = node.get(name)
        node[name] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]


def _terms(attribute: str | None, vocabulary: str) -> list[str]:
    """The names of schema.org in an attribute, without their prefix; those of other vocabularies are left out.

    >>> _terms("schema:Event og:type", ""), _terms("Event", "https://schema.org/"), _terms("Event", "http://v.example/")
    (['Event'], ['Event'], [])
    """
    names: list[str] = []
    for term in (attribute or "").split()[:20]:
        head, colon, tail = term.partition(":")
        if not colon:
            names += [term] if _VOCABULARY in vocabulary else []
        elif head in ("schema", "s") or _VOCABULARY in tail:
            names.append(tail.rsplit("/", 1)[-1])
    return [name for name in names if name and not name.startswith("@")]


def _value(element: lxml.html.HtmlElement, url: str) -> str:
    if (content := element.get("content")) is not None:
        return str(content)
    if (moment := element.get("datetime")) is not None:
        return str(moment)
    for name in _LINKS:
        if address := str(element.get(name) or "").strip():
            return _joined(url, address)
    return element_lines(element)


def _joined(url: str, address: str) -> str:
    try:
        return urljoin(url, address)
    except ValueError:  # no address at all
        return address
