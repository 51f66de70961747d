"""Sitemaps (sitemaps.org), plain or as a gzip file, and the ``Sitemap`` lines of a robots.txt → addresses of pages.

Whoever publishes a sitemap is no more to be trusted than any other page: no entities, no other sites, and not more than
the protocol allows.
"""

import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final
from urllib.parse import urljoin, urlsplit

from lxml import etree
from protego import Protego

from harvesters.formats.pages import site_of
from harvesters.formats.records import Origin
from harvesters.formats.text import looks_like_page
from schemas.harvest import Issue, Source

FORMAT: Final = "sitemap"
MAX_BYTES: Final = 50_000_000
"""Largest sitemap when unpacked; the protocol's own limit."""
MAX_ADDRESSES: Final = 50_000
"""Most addresses of one sitemap; the protocol's own limit."""
_MAX_ROBOTS: Final = 512_000
_MAX_URL: Final = 2_000
_HEAD: Final = 20_000
_ENTRIES: Final = ("url", "sitemap")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?")
_AGAIN: Final = "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte die Betreiber ansprechen."
_CHECK: Final = "Bitte die Adresse im Browser öffnen: Vielleicht ist die Sitemap umgezogen oder gesperrt."
_TROUBLE: Final = {
    "too_large": (
        f"Die Sitemap ist größer als {MAX_BYTES // 1_000_000} MB und wurde nicht gelesen.",
        "Bitte bei den Betreibern nach einer kleineren fragen; das Protokoll erlaubt keine größere.",
    ),
    "gzip": ("Die Sitemap ist falsch komprimiert oder bricht mittendrin ab.", _AGAIN),
    "entities": (
        "Die Sitemap erklärt eigene Entitäten und wurde nicht gelesen.",
        "Das kommt in Sitemaps nicht vor und kann ein Angriff sein; bitte die Betreiber fragen.",
    ),
    "page": ("Statt einer Sitemap kam eine Internetseite.", _CHECK),
    "none": ("Das ist keine Sitemap.", _CHECK),
    "robots": ("Die robots.txt nennt keine Sitemap.", "Bitte in access.start die Sitemap selbst eintragen."),
    "broken": (
        "Die Sitemap bricht mittendrin ab oder ist kein gültiges XML; gelesen wurde, was davor steht.",
        _AGAIN,
    ),
    "too_many": (
        f"Die Sitemap nennt mehr als {MAX_ADDRESSES} Adressen; der Rest wurde nicht gelesen.",
        "Bitte bei den Betreibern nach einer kleineren fragen; das Protokoll erlaubt nicht mehr.",
    ),
}


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap leads to."""

    pages: tuple[str, ...] = ()
    """Pages that ``access.sitemap`` wants, each once; those that were changed last come first."""
    sitemaps: tuple[str, ...] = ()
    """Further sitemaps."""
    issues: tuple[Issue, ...] = ()
    """What is wrong with it."""
    complete: bool = True
    """Whether it was read to its end."""


def is_sitemap(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a sitemap.

    >>> is_sitemap(b'<?xml version="1.0"?><urlset xmlns="x">'), is_sitemap(b"<html><p>urlset")
    (True, False)
    """
    return re.search(rb"<(?:\w{1,20}:)?(?:urlset|sitemapindex)[\s>/]", head[:_HEAD]) is not None


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime) -> Sitemap:
    """The addresses in a sitemap or robots.txt that came from ``url``. Whatever is wrong with it is one Issue.

    ``lastmod`` only orders: many sites set it at each build, and others never, so nothing is left out because of it.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    found = _Addresses(source, url)
    if urlsplit(url).path == "/robots.txt":
        for address in Protego.parse(content[:_MAX_ROBOTS].decode("utf-8", "replace")).sitemaps:
            found.take("sitemap", address, "")
        trouble = None if found.further or found.foreign else "robots"
    else:
        trouble = _read(content, found)
    issues = [_problem(origin, trouble)] if trouble else []
    if found.foreign:
        issues.append(
            origin.problem(
                "run",
                "sitemap.foreign",
                found.first_foreign,
                message=f"{found.foreign} Adressen der Sitemap liegen auf anderen Servern und wurden nicht gelesen.",
                remedy="Bitte für diese Server eigene Quellen anlegen.",
            )
        )
    newest = sorted(found.wanted, key=lambda address: found.wanted[address], reverse=True)
    return Sitemap(tuple(newest), tuple(found.further), tuple(issues), trouble is None)


class _Addresses:
    """The addresses of a sitemap while it is read."""

    def __init__(self, source: Source, url: str) -> None:
        self._url, self._site = url, site_of(url)
        self._wanted = re.compile(source.access.sitemap or "")
        self.wanted: dict[str, str] = {}
        self.further: dict[str, None] = {}
        self.foreign = 0
        self.first_foreign = ""

    def take(self, kind: str, location: str, changed: str) -> None:
        """Take in one entry: a ``url``, or a further ``sitemap``."""
        try:
            address = urljoin(self._url, location.strip()).partition("#")[0]
            site = site_of(address)
        except ValueError:  # no address at all
            return
        if not location.strip() or len(address) > _MAX_URL or not address.startswith(("http://", "https://")):
            return
        if kind == "url" and not self._wanted.search(address):
            return
        if site != self._site:
            self.foreign += 1
            self.first_foreign = self.first_foreign or address
        elif kind == "url":
            day = _DAY.match(changed.strip())
            self.wanted.setdefault(address, day[0] if day else "")
        else:
            self.further[address] = None


def _read(content: bytes, found: _Addresses) -> str | None:
    """Take in the addresses of a sitemap; what is wrong with it."""
    body = content
    if content.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            body = unpacker.decompress(content, MAX_BYTES + 1)
        except zlib.error:
            return "gzip"
        if not unpacker.eof and len(body) <= MAX_BYTES:
            return "gzip"
    if len(body) > MAX_BYTES:
        return "too_large"
    if b"<!ENTITY" in body[:_HEAD].upper():
        return "entities"
    if not is_sitemap(body):
        return "page" if looks_like_page(body[:_HEAD].decode("utf-8", "replace")) else "none"
    entries = etree.iterparse(
        BytesIO(body), events=("end",), tag=[f"{{*}}{name}" for name in _ENTRIES], resolve_entities=False,
        load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for number, (_, entry) in enumerate(entries):
            if number >= MAX_ADDRESSES:
                return "too_many"
            kind = etree.QName(entry).localname
            found.take(kind, entry.findtext("{*}loc") or "", entry.findtext("{*}lastmod") or "")
            entry.clear()
            while (parent := entry.getparent()) is not None and entry.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError:
        return "broken"
    return None


def _problem(origin: Origin, trouble: str) -> Issue:
    happened, remedy = _TROUBLE[trouble]
    return origin.problem("source", f"sitemap.{trouble}", message=happened, remedy=remedy)
