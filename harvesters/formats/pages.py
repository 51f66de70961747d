"""What the formats of web pages share: parsing a page safely, its permalink, its links."""

import re
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

import lxml.html
from lxml.etree import ParserError

from harvesters.formats.text import decode_html
from schemas.harvest import Source

MAX_PAGE: Final = 5_000_000
"""Characters of a page that are read."""
_END: Final = 4_000
_CLOSED = re.compile(rb"(?i)<(/?)(?:article|aside|div|footer|header|main|nav|ol|script|section|style|table|ul)[\s>]")
"""Tags of elements that must be closed, with the slash of end tags."""


def is_cut_off(content: bytes) -> bool:
    """Whether a page breaks off in the middle, as pages do that were not sent to their end.

    Neither ``</html>`` nor ``</body>`` is required (HTML Standard §13.1.2.4), so a page without them is whole where it
    ends with a tag and has closed all elements that must be closed.

    >>> is_cut_off(b"<html><p>Ab 4 Jahren</p>"), is_cut_off(b"<html><p>Ab 4 Ja"), is_cut_off(b"<p>x</p></html> 0.2 s")
    (False, True, False)
    >>> is_cut_off(b"<!doctype html><main><p>Ab 4 Jahren</p>"), is_cut_off(b"<!doctype html><main><p>x</p></main>")
    (True, False)
    """
    end = content[-_END:].rstrip(b"\0 \t\r\n")
    if not end or any(tag in end.lower() for tag in (b"</html", b"</body")):
        return False
    if not end.endswith(b">"):
        return True
    closed = [bool(slash) for slash in _CLOSED.findall(content)]
    return len(closed) > 2 * sum(closed)


def site_of(address: str) -> str:
    """The site that ``address`` belongs to: its host, with or without ``www.``.

    >>> site_of("https://www.museum.example/kita"), site_of("http://museum.example:80")
    ('museum.example', 'museum.example')
    """
    return (urlsplit(address).hostname or "").removeprefix("www.")


def page_of(content: bytes, source: Source, charset: str | None = None) -> lxml.html.HtmlElement | None:
    """The page's root element, ``None`` for one without content. No network, no entities, bounded depth."""
    text = decode_html(content, source.access.encoding, charset)[:MAX_PAGE].replace("\0", "")
    if not text.strip():
        return None
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except ParserError:  # nothing but comments or processing instructions
        return None


def joined(base: str, href: str) -> str | None:
    """The absolute address in the web, without a fragment; ``None`` for what is none.

    >>> joined("https://x.example/a/b", "../c#d"), joined("https://x.example/", "http://[kaputt")
    ('https://x.example/c', None)
    >>> joined("https://x.example/", ""), joined("https://x.example/", "mailto:info@x.example")
    (None, None)
    """
    try:
        address = urljoin(base, href.strip()).split("#")[0]
        parts = urlsplit(address)
    except ValueError:  # brackets that are no address of IPv6
        return None
    return address if href.strip() and parts.scheme in ("http", "https") and parts.hostname else None


def canonical(page: lxml.html.HtmlElement, url: str) -> str:
    """The page's own permalink where it names one on the same host, else its address, without a fragment."""
    for link in page.iter("link"):
        if "canonical" in str(link.get("rel", "")).lower().split() and (href := str(link.get("href", "")).strip()):
            named = urljoin(url, href)
            if urlsplit(named).hostname == urlsplit(url).hostname:
                return _without_fragment(named)
    return _without_fragment(url)


def _without_fragment(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(fragment=""))
