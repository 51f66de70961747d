"""Which format modules read what a source serves."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from harvesters.formats import (
    ckan,
    dcat,
    geojson,
    ical,
    json_api,
    kulturdaten,
    linked_events,
    oai_pmh,
    pdf,
    rpde,
    rss_atom,
    table,
)
from harvesters.formats.listing import Listing
from harvesters.formats.page_kinds import PAGE_PARSERS, Parse, telling
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from schemas.harvest import AccessKind, Source

HEAD: Final = 20_000
"""First bytes of content by which its kind is guessed."""
INTERFACE: Final = "dataset.interface"
"""Rule of the error about a file of a dataset that is a list with a way of access of its own."""
_ASK_PORTAL: Final = "Bitte die Seite des Datensatzes im Browser öffnen und das Portal darauf hinweisen."


def _file_of_dataset(
    content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None
) -> Parsed:
    """A file of a dataset, read as what it is, whatever the portal calls it."""
    kind = next((kind for kind, plausible in GUESSES if plausible(content[:HEAD])), None)
    if ckan.is_answer(content, url) or dcat.is_catalogue(content):
        happened = "Die Datei des Datensatzes ist selbst nur ein Verzeichnis von Datensätzen."
        raise ReadError(source.name, url, "dataset.loop", happened, _ASK_PORTAL)
    if kind is AccessKind.STRUCTURED:
        happened = "Statt der Datei des Datensatzes kam eine Internetseite."
        raise ReadError(source.name, url, "dataset.page", happened, _ASK_PORTAL)
    if kind is None:
        happened = "Die Datei des Datensatzes ist leer oder in einem Format, das wir nicht lesen."
        raise ReadError(source.name, url, "dataset.unknown", happened, _ASK_PORTAL)
    if kind in LISTINGS:
        happened = f"Hinter dem Datensatz steht keine Datei, sondern eine Schnittstelle ({LISTINGS[kind].format})."
        raise ReadError(source.name, url, INTERFACE, happened, "Bitte deren Adresse als eigene Quelle einfügen.")
    if kind is AccessKind.GEOJSON and source.access.distribution == "json" and source.access.fields:
        kind = AccessKind.JSON  # its description speaks of paths from the top
    as_it_is = source.model_copy(update={"access": source.access.model_copy(update={"kind": kind})})
    return PARSERS[kind](content, source=as_it_is, url=url, fetched_at=fetched_at, charset=charset)


LISTINGS: Final[Mapping[AccessKind, Listing]] = {
    AccessKind.OAI: oai_pmh.LISTING,
    AccessKind.RPDE: rpde.LISTING,
    AccessKind.LINKED_EVENTS: linked_events.LISTING,
    AccessKind.KULTURDATEN: kulturdaten.LISTING,
}
"""Ways of access whose Records are made once all pages are known."""
CATALOGUES: Final = frozenset((AccessKind.CKAN, AccessKind.DCAT))
"""Ways of access that ask a portal where the file is."""
PARSERS: Final[Mapping[AccessKind, Parse]] = {
    **PAGE_PARSERS,
    AccessKind.ICAL: telling(ical.parse),
    AccessKind.CSV: telling(table.parse),
    AccessKind.TABLE: table.parse,
    AccessKind.JSON: telling(json_api.parse),
    AccessKind.RSS: telling(rss_atom.parse),
    AccessKind.GEOJSON: telling(geojson.parse),
    **{kind: telling(listing.alone()) for kind, listing in LISTINGS.items()},
    **dict.fromkeys(CATALOGUES, _file_of_dataset),
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
