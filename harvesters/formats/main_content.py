"""What of a web page is its content: without menus, banners, footers and what else every page of a site repeats."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from harvesters.formats.text import element_lines, line

HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_NOISE_TAGS: Final = frozenset(
    (
        "nav",
        "footer",
        "aside",
        "form",
        "dialog",
        "button",
        "select",
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
    )
)
_SILENT: Final = frozenset(("head", "script", "style", "noscript", "template"))
_NOISE_ROLES: Final = frozenset(
    ("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog", "menu", "menubar")
)
_NOISE_WORDS: Final = frozenset(
    ("nav", "navi", "navbar", "navigation", "menu", "submenu", "breadcrumb", "breadcrumbs", "pathway", "footer",
     "cookie", "cookies", "consent", "sidebar", "social", "share", "sharing", "shariff", "pagination", "pager",
     "related", "comments", "skiplink", "skiplinks", "moduletable", "byline", "entrymeta",
     "postmeta", "articleinfo", "createdate", "modifydate", "postedon", "newsletter", "toolbar", "screenreader",
     "buttonheading", "searchform", "searchbox")
)  # fmt: skip
"""Words of classes and ids; ``entry-meta`` counts as ``entry``, ``meta`` and ``entrymeta``."""
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_ELSEWHERE: Final = re.compile(
    r"(?i)(?:weitere|andere|ähnliche|verwandte) (?:angebote|veranstaltungen|artikel|beiträge|themen|kurse)"
    r"|(?:das|dies) könnte (?:sie|dich|euch) auch|(?:auch|ebenfalls) interessant|passend dazu|mehr zum thema"
)
"""Headings above links to other offers."""
_CONTENT_IDS: Final = frozenset(("content", "main", "inhalt", "maincontent", "hauptinhalt", "contentarea", "primary"))
_CHROME: Final = re.compile(
    r"(?i)(?:zum (?:inhalt|hauptinhalt|menü)(?: springen)?|(?:seite )?(?:drucken|teilen|empfehlen)|druckversion|"
    r"(?:zurück|« ?zurück)(?: zur (?:übersicht|liste|startseite))?|nach oben|(?:mehr|weiter)(?: ?lesen| erfahren)?|"
    r"zur übersicht|(?:jetzt |hier )?teilen(?: auf \w+)?|e-?mail|pdf|nächster?|vorheriger?|sie sind hier:?.*)[ »›>.…]*"
)
"""Lines that every page of a site repeats."""
_MENU_LINKS: Final = 3
_BESIDE_LINKS: Final = 0.1
_FIRST_LINES: Final = 10
"""Lines of the content among which one that is a part of the page's name is its heading, whatever its markup."""
_PARTS: Final = re.compile(r"\s+(?:[|–—·»«-]|::)\s+")


def without_chrome(page: lxml.html.HtmlElement, url: str) -> lxml.html.HtmlElement:
    """The element of ``page`` that holds its content, menus and the like taken out of the page; links to offers stay.

    What carries the page's own heading, or more than half of its words, is content whatever it is called.
    """
    words = _count(page)
    kept = {each for heading in page.iter("h1") if not _leads_home(heading, url) for each in heading.iterancestors()}
    for element in _elements(page):
        if element.getparent() is None or element.tag in ("html", "head", "body", "main") or element in kept:
            continue
        if _is_noise(element) and words[element].beside * 2 <= words[page].beside:
            element.drop_tree()
    return _content_of(page)


def without_neighbours(content: lxml.html.HtmlElement) -> None:
    """Take "Weitere Angebote" and the like out of the page of one offer, with what stands below."""
    for heading in list(content.iter(*HEADINGS[1:])):
        if _ELSEWHERE.search(line(element_lines(heading))[:80]):
            _drop_section(heading)


def without_menus(content: lxml.html.HtmlElement) -> None:
    """Take lists and tables out of ``content`` that hold little but links."""
    words = _count(content)
    for element in [each for each in _elements(content) if each.tag in ("ul", "ol", "table", "div")]:
        count = words[element]
        mere_links = count.beside <= (count.beside + count.linked) * _BESIDE_LINKS
        if element is not content and count.links >= _MENU_LINKS and not count.headings and mere_links:
            element.drop_tree()


def title_of(page: lxml.html.HtmlElement, content: lxml.html.HtmlElement, url: str) -> str:
    """What the page calls itself: its ``h1``, else ``og:title`` or ``title`` without the site's name.

    A first heading that is the name of the site, or leads to its start page, is not taken for the page's own.
    """
    site = _meta(page, "og:site_name").casefold()
    element = page.find(".//title")
    named = _meta(page, "og:title") or ("" if element is None else line(str(element.text_content())))
    parts = [part for part in _PARTS.split(named) if part.casefold() != site]
    firsts = [line(element_lines(h)) for h in content.iter("h1") if not _leads_home(h, url)]
    others = [line(element_lines(h)) for h in content.iter("h2", "h3")]
    others += element_lines(content).split("\n", _FIRST_LINES)[:_FIRST_LINES]
    for heading in firsts:
        is_site = heading.casefold() == site or (len(parts) > 1 and heading == parts[-1] and parts[0] in others)
        if heading and not is_site:
            return heading
    for part in parts:
        if part in others:
            return part
    return " – ".join(parts) if len(parts) < len(_PARTS.split(named)) else named


def house_of(page: lxml.html.HtmlElement) -> str:
    """Whose page it is, as it says itself: ``og:site_name``, else its ``title`` without what its ``h1`` repeats.

    >>> house_of(lxml.html.fromstring("<title>Angebote | Museum am Wall</title><h1>Angebote</h1>"))
    'Museum am Wall'
    """
    if site := _meta(page, "og:site_name"):
        return site
    element = page.find(".//title")
    named = "" if element is None else line(str(element.text_content()))
    headings = {line(element_lines(heading)).casefold() for heading in page.iter("h1")}
    rest = [part for part in _PARTS.split(named) if part.casefold() not in headings]
    return " – ".join(rest) if rest else named


def without_repeats(text: str) -> str:
    """``text`` without lines that are for the reader of the page only ("Seite drucken", "Zum Inhalt springen").

    >>> without_repeats("Seite drucken\\nWir drucken mit Kartoffeln.\\nZurück zur Übersicht »")
    'Wir drucken mit Kartoffeln.'
    """
    return "\n".join(each for each in text.split("\n") if not _CHROME.fullmatch(each.strip()))


def _is_noise(element: lxml.html.HtmlElement) -> bool:
    tag = str(element.tag)
    if tag in _NOISE_TAGS or str(element.get("role", "")).lower() in _NOISE_ROLES:
        return True
    if tag == "header":
        return not any(parent.tag in ("main", "article", "section") for parent in element.iterancestors())
    if tag in HEADINGS or tag in ("a", "tr", "tbody"):
        return False
    names = f"{element.get('class', '')} {element.get('id', '')}".replace("_", "-").split()
    return any(word in _NOISE_WORDS for name in names for word in _words_in(name))


def _words_in(name: str) -> Iterator[str]:
    """The words of a class or id, and each together with the next: ``moduletable`` is also ``module-table``.

    >>> sorted(set(_words_in("entry-meta")) & {"entry", "meta", "entrymeta"})
    ['entry', 'entrymeta', 'meta']
    """
    words = [word.lower() for word in _WORDS.findall(name[:100])]
    if {"has", "no", "with", "without"} & set(words):  # says how a page is laid out
        return
    yield from words
    yield from map("".join, pairwise(words))


class _Count(NamedTuple):
    """What an element holds."""

    beside: int = 0
    """Words outside of links."""
    linked: int = 0
    """Words of links."""
    links: int = 0
    headings: int = 0


def _count(root: lxml.html.HtmlElement) -> dict[lxml.html.HtmlElement, _Count]:
    """What each element holds, counted once from the leaves up."""
    counts: dict[lxml.html.HtmlElement, _Count] = {}
    for element in reversed(_elements(root)):
        if element.tag in _SILENT:
            counts[element] = _Count()
            continue
        inner = [counts[child] for child in element if child in counts]
        own = len((element.text or "").split()) + sum(len((child.tail or "").split()) for child in element)
        beside, linked, links, headings = map(sum, zip(*inner, strict=True)) if inner else (0, 0, 0, 0)
        if element.tag == "a":
            counts[element] = _Count(0, own + beside + linked, 1, headings)
        else:
            counts[element] = _Count(own + beside, linked, links, headings + (element.tag in HEADINGS))
    return counts


def _elements(root: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """``root`` and every element in it, without comments, in the order of the document."""
    return list(root.iter(etree.Element))


def _drop_section(heading: lxml.html.HtmlElement) -> None:
    """Take out a heading with what stands below it; where its container holds nothing before it, the container."""
    node = heading
    while True:
        parent = node.getparent()
        if (
            parent is None
            or parent.tag in ("main", "body", "article", "html", "td")
            or parent.getchildren()[0] is not node
        ):
            break
        if (parent.text or "").strip():
            break
        node = parent
    if node.getparent() is None:
        return
    if node is heading:
        for sibling in list(node.itersiblings()):
            if sibling.tag in HEADINGS and sibling.tag <= heading.tag:
                break
            sibling.drop_tree()
    node.drop_tree()


def _content_of(page: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    """``main``, or an element that is called so and holds the heading and most words; else the body."""
    words = _count(page)
    body = page.find("body")
    whole: lxml.html.HtmlElement = page if body is None else body
    mains = [each for each in page.iter("main", "div", "section", "article", "td") if _is_main(each)]
    first = next(page.iter("h1"), None)
    around = set() if first is None else set(first.iterancestors())
    for each in sorted(mains, key=lambda main: (main.tag != "main", -words[main].beside)):
        named_and_full = words[each].beside * 2 >= words[whole].beside and (first is None or each in around)
        if each.tag == "main" or named_and_full:
            return each
    return whole


def _is_main(element: lxml.html.HtmlElement) -> bool:
    name = re.sub(r"[^a-z]", "", str(element.get("id", "")).lower())
    return element.tag == "main" or element.get("role") == "main" or name in _CONTENT_IDS


def _meta(page: lxml.html.HtmlElement, name: str) -> str:
    for meta in page.iter("meta"):
        if meta.get("property") == name and (value := line(str(meta.get("content", "")))):
            return value
    return ""


def _leads_home(heading: lxml.html.HtmlElement, url: str) -> bool:
    for anchor in heading.iter("a"):
        try:
            target = urlsplit(urljoin(url, str(anchor.get("href", ""))))
        except ValueError:
            continue
        if anchor.get("href") and target.path in ("", "/") and not target.fragment and not target.query:
            return True
    return False
