"""Which format modules read what a source serves."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from harvesters.formats import geojson, ical, json_api, kulturdaten, linked_events, oai_pmh, pdf, rpde, rss_atom, table
from harvesters.formats.listing import Listing
from harvesters.formats.page_kinds import PAGE_PARSERS, Parse, telling
from harvesters.problems import ReadError
from schemas.harvest import AccessKind

HEAD: Final = 20_000
"""First bytes of content by which its kind is guessed."""
LISTINGS: Final[Mapping[AccessKind, Listing]] = {
    AccessKind.OAI: oai_pmh.LISTING,
    AccessKind.RPDE: rpde.LISTING,
    AccessKind.LINKED_EVENTS: linked_events.LISTING,
    AccessKind.KULTURDATEN: kulturdaten.LISTING,
}
"""Ways of access whose Records are made once all pages are known."""
PARSERS: Final[Mapping[AccessKind, Parse]] = {
    **PAGE_PARSERS,
    AccessKind.ICAL: telling(ical.parse),
    AccessKind.CSV: telling(table.parse),
    AccessKind.TABLE: table.parse,
    AccessKind.JSON: telling(json_api.parse),
    AccessKind.RSS: telling(rss_atom.parse),
    AccessKind.GEOJSON: telling(geojson.parse),
    **{kind: telling(listing.alone()) for kind, listing in LISTINGS.items()},
}
"""Way of access → its reader."""


def _looks_like_table(head: bytes) -> bool:
    if head.startswith(b"PK\x03\x04"):
        return True
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    other = pdf.is_pdf(head) or text[:1] in (b"{", b"[", b"<", b"") or text.upper().startswith(b"BEGIN:")
    return not other and any(sign in text.split(b"\n", 1)[0] for sign in (b";", b",", b"\t", b"|"))


def _looks_like_xml(head: bytes) -> bool:
    """Whether ``head`` is XML for programs: anything but a page, whatever its root is."""
    text = _COMMENT.sub(b"", head).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return b"<html" not in text and text.startswith((b"<?xml", b"<rss", b"<rdf:rdf", b"<feed"))


def _looks_like_page(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    other = start in (b"{", b"[", b"@") or pdf.is_pdf(head) or _looks_like_xml(head)
    return b"<" in head and not other


def is_certain(kind: AccessKind, error: ReadError | None = None) -> bool:
    """Whether content that looks like ``kind`` is nothing else, so that what is wrong with it is the answer."""
    another = error is not None and error.rule.endswith((".no_page", ".no_list", ".no_answer"))
    return kind in LISTINGS and not another


_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)

GUESSES: Final[tuple[tuple[AccessKind, Callable[[bytes], bool]], ...]] = (
    (AccessKind.PDF, pdf.is_pdf),
    (AccessKind.ICAL, lambda head: b"BEGIN:VCALENDAR" in head.upper()),
    (AccessKind.GEOJSON, lambda head: b'"FeatureCollection"' in head and head.lstrip()[:1] == b"{"),
    (AccessKind.OAI, oai_pmh.is_answer),
    (AccessKind.RPDE, rpde.is_answer),
    (AccessKind.LINKED_EVENTS, linked_events.is_answer),
    (AccessKind.KULTURDATEN, kulturdaten.is_answer),
    (AccessKind.JSON, lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")),
    (AccessKind.RSS, _looks_like_xml),
    (AccessKind.STRUCTURED, _looks_like_page),
    (AccessKind.CSV, _looks_like_table),
)
"""Ways of access that need no description, each with a look at the first bytes, in the order of trying."""
