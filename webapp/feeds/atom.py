"""Atom 1.0 (RFC 4287) of the latest changes, with tombstones (RFC 6721) for what is gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from schemas.publish import PublicOffer
from schemas.store.offers import Tombstone

_ATOM: Final = "http://www.w3.org/2005/Atom"
_GONE: Final = "http://purl.org/atompub/tombstones/1.0"
_GEO: Final = "http://www.georss.org/georss"
_LENGTH: Final = 100
FEED_LENGTH: Final = _LENGTH
"""Most entries of the feed."""


def atom(
    entries: Sequence[tuple[PublicOffer | Tombstone, datetime]],
    *,
    title: str,
    self_url: str,
    base_url: str,
    updated: datetime,
) -> bytes:
    """The feed of ``entries``, each with the moment of its last change, newest first."""
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM, "at": _GONE, "georss": _GEO})
    _add(feed, "id", self_url)
    _add(feed, "title", title)
    _add(feed, "updated", updated.isoformat())
    _add(feed, "link", rel="self", href=self_url, type="application/atom+xml")
    _add(feed, "link", rel="alternate", href=f"{base_url}/", type="text/html")
    _add(_add(feed, "author"), "name", title)
    _add(feed, "generator", "Kitalotse")
    for offer, moment in entries:
        page = f"{base_url}/angebote/{offer.id}"
        if isinstance(offer, Tombstone):
            gone = etree.SubElement(feed, f"{{{_GONE}}}deleted-entry", ref=page, when=moment.isoformat())
            etree.SubElement(gone, f"{{{_GONE}}}comment").text = offer.status.label
            continue
        entry = _add(feed, "entry")
        _add(entry, "id", page)
        _add(entry, "title", _clean(offer.title))
        _add(entry, "updated", moment.isoformat())
        _add(entry, "link", rel="alternate", href=page, type="text/html")
        if offer.url:
            _add(entry, "link", rel="related", href=_clean(offer.url))
        _add(_add(entry, "author"), "name", _clean(offer.provider.name if offer.provider else ", ".join(offer.sources)))
        for area in offer.areas:
            _add(entry, "category", term=area.value, label=area.label)
        _add(entry, "summary", _clean(offer.summary or offer.sentence), type="text")
        _add(entry, "rights", _clean(_rights(offer)))
        if offer.place and offer.place.lat is not None and offer.place.lon is not None:
            etree.SubElement(entry, f"{{{_GEO}}}point").text = f"{offer.place.lat} {offer.place.lon}"
    body: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return body


def _rights(offer: PublicOffer) -> str:
    credit = offer.rights.attribution or offer.rights.granted_by
    return " ".join(part for part in (offer.rights.kind.label, credit, offer.rights.licence) if part)


def _add(parent: "etree._Element", name: str, text: str | None = None, **attributes: str) -> "etree._Element":
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text
    return element


def _clean(text: str) -> str:
    """``text`` without characters that XML 1.0 cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
