"""Which format modules read what a crawl finds; apart from ``by_kind``, so that it need not import readers of feeds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from harvesters.formats import html_selectors, jsonld, microdata, microformats, pdf, plain_page, rdfa
from harvesters.formats.pages import is_cut_off
from harvesters.formats.records import Origin, Parsed
from harvesters.formats.text import claims_utf8_wrongly
from harvesters.formats.walls import is_wall
from schemas.harvest import AccessKind, Issue, Source


class Parse(Protocol):
    """What every format module offers: bytes in, Records out, nothing else touched."""

    def __call__(
        self, content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None
    ) -> Parsed:
        """The Records in ``content``, which came from ``url`` at ``fetched_at``; ``charset`` is the HTTP header's."""


_MARKUP: Final[tuple[Parse, ...]] = (jsonld.parse, microdata.parse, rdfa.parse, microformats.parse)
"""Readers of markup, the most common first."""


def structured(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """What a page marks for programs, in the first of ``_MARKUP`` that holds an offer. A page without is an Issue."""
    issues: tuple[Issue, ...] = ()
    complete = True
    for parse in _MARKUP:
        parsed = parse(content, source=source, url=url, fetched_at=fetched_at, charset=charset)
        issues, complete = issues + parsed.issues, complete and parsed.complete
        if parsed.records:
            return replace(parsed, issues=issues, complete=complete)
    if not issues:
        issues = (
            Origin(source, url, fetched_at, "structured").problem(
                "record",
                "structured.nothing",
                message="Die Seite enthält kein Angebot als JSON-LD, Mikrodaten, RDFa oder h-event.",
                remedy="Bitte access.follow prüfen oder die Quelle als kind = „html“ mit Selektoren beschreiben.",
            ),
        )
    return Parsed(issues=issues, complete=complete)


def _whole(parse: Parse) -> Parse:
    """``parse`` for whole pages of the site itself: half a page would replace what is stored by half an offer, and
    a notice of maintenance all offers by itself."""

    def parse_whole(
        content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None
    ) -> Parsed:
        if is_cut_off(content):
            rule, message = "page.cut_off", "Die Seite bricht mittendrin ab und wurde nicht gelesen."
        elif is_wall(content, charset):
            rule, message = "page.wall", "Statt der Seite kam ein Hinweis (Wartung, Anmeldung, Sperre, Parkplatz)."
        else:
            return parse(content, source=source, url=url, fetched_at=fetched_at, charset=charset)
        remedy = "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte die Betreiber ansprechen."
        issue = Origin(source, url, fetched_at, "page").problem("source", rule, message=message, remedy=remedy)
        return Parsed(issues=(issue,), complete=False)

    return parse_whole


def telling(parse: Parse) -> Parse:
    """``parse`` with an Issue where the header is wrong about the encoding, or JSON is not UTF-8 (RFC 8259 §8.1)."""

    def parse_and_tell(
        content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None
    ) -> Parsed:
        parsed = parse(content, source=source, url=url, fetched_at=fetched_at, charset=charset)
        claimed = "utf-8" if source.access.kind is AccessKind.JSON else charset
        if source.access.encoding is not None or not claims_utf8_wrongly(content, claimed):
            return parsed
        wrong = Origin(source, url, fetched_at, "page").problem(
            "source",
            "encoding.claimed",
            charset or "",
            message="Angegeben ist UTF-8, die Zeichen sind aber anders kodiert; gelesen wurde als Windows-1252.",
            remedy="Bitte die Betreiber ansprechen, oder access.encoding auf die wirkliche Kodierung setzen.",
        )
        return replace(parsed, issues=(wrong, *parsed.issues))

    return parse_and_tell


PAGE_PARSERS: Final[Mapping[AccessKind, Parse]] = {
    AccessKind.STRUCTURED: telling(_whole(structured)),
    AccessKind.HTML: telling(_whole(html_selectors.parse)),
    AccessKind.PAGE: telling(_whole(plain_page.parse)),
    AccessKind.PDF: pdf.parse,
}
"""Way of access → its reader, for web pages and the leaflets that they link to."""
