"""Atom 1.0 (RFC 4287) of the latest changes, with tombstones (RFC 6721) for what is gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from schemas.publish import PublicOffer
from schemas.store.offers import Tombstone
from webapp.feeds.terms import exported_words, rights_line
from webapp.plain import one_line, plain, web_address

_ATOM: Final = "http://www.w3.org/2005/Atom"
_GONE: Final = "http://purl.org/atompub/tombstones/1.0"
_GEO: Final = "http://www.georss.org/georss"
_NAMESPACES: Final[dict[str | None, str]] = {None: _ATOM, "at": _GONE, "georss": _GEO}
FEED_LENGTH: Final = 100
"""Most entries of the feed."""


def atom(
    entries: Sequence[tuple[PublicOffer | Tombstone, datetime]],
    *,
    title: str,
    self_url: str,
    base_url: str,
    updated: datetime,
) -> bytes:
    """The feed of ``entries``, each with the moment of its last change, newest first; ``self_url`` is its own address
    exactly as it was asked for."""
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap=_NAMESPACES)  # type: ignore[arg-type]  # stubs forget the default namespace
    _add(feed, "id", f"{base_url}/offers.atom")
    _add(feed, "title", title)
    _add(feed, "updated", updated.isoformat())
    _add(feed, "link", rel="self", href=self_url, type="application/atom+xml")
    _add(feed, "link", rel="alternate", href=f"{base_url}/", type="text/html")
    _add(_add(feed, "author"), "name", title)
    _add(feed, "generator", "Kitalotse")
    _add(feed, "rights", exported_words())
    for offer, moment in entries:
        page = f"{base_url}/angebote/{offer.id}"
        if isinstance(offer, Tombstone):
            gone = etree.SubElement(feed, f"{{{_GONE}}}deleted-entry", ref=page, when=moment.isoformat())
            etree.SubElement(gone, f"{{{_GONE}}}comment").text = offer.status.label
            continue
        entry = _add(feed, "entry")
        _add(entry, "id", page)
        _add(entry, "title", one_line(offer.title))
        _add(entry, "updated", moment.isoformat())
        _add(entry, "link", rel="alternate", href=page, type="text/html")
        if related := web_address(offer.url):
            _add(entry, "link", rel="related", href=related)
        _add(_add(entry, "author"), "name", one_line(offer.provider.name if offer.provider else title))
        for area in offer.areas:
            _add(entry, "category", term=area.value, label=area.label)
        _add(entry, "summary", plain(offer.summary or offer.sentence), type="text")
        _add(entry, "rights", plain(rights_line(offer.rights, offer.data_licence)))
        if offer.place and offer.place.lat is not None and offer.place.lon is not None:
            etree.SubElement(entry, f"{{{_GEO}}}point").text = f"{offer.place.lat} {offer.place.lon}"
    body: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return body


def _add(parent: "etree._Element", name: str, text: str | None = None, **attributes: str) -> "etree._Element":
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text
    return element
