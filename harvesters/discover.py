"""How can this address be read? Finds the way of access by itself, within a budget of few requests.

Tried in this order: the address is a dataset of an open-data portal (``catalogues``), whose best file is taken; it is
a leaflet (PDF), a calendar, another feed, a list or a table itself; the page carries schema.org; the page names a
calendar feed; the page lists links whose pages carry schema.org; the page names another feed of offers, not of news.
Where nothing speaks to machines, the page is read as people see it (``formats.plain_page``): links that stand alike
and lead to offers, headings of one level with an offer below each, or the page as one offer; only where at least two of
them, or the page, state what offers state. Where there is nothing of that, leaflets that the page links to are tried;
then a page that merely speaks to Kitas is one offer; at last pages of the site's sitemap are tried. What is found is an
``Access``, ready to be read again and again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html

from harvesters.catalogues import Listing, at_portal
from harvesters.fetch.client import Client, Fetched
from harvesters.formats import oai_pmh
from harvesters.formats.by_kind import GUESSES, HEAD, PARSERS, is_certain
from harvesters.formats.datasets import Dataset, Distribution
from harvesters.formats.pages import joined, page_of, site_of
from harvesters.formats.sitemap import is_sitemap
from harvesters.glance import Glance
from harvesters.page_links import TELLING, by_folder, groups, is_leaflet, next_of
from harvesters.problems import ReadError
from harvesters.signs import GUESSED, is_list_of_offers, no_offers
from harvesters.sitemaps import walk
from harvesters.source import undescribed
from schemas.harvest import Access, AccessKind, Record

MAX_FEEDS: Final = 2
"""Most calendar feeds, and most other feeds, of a page that are tried."""
MAX_GROUPS: Final = 4
"""Most groups of links of a page that are tried, one page each."""
MAX_PLAIN: Final = 3
"""Most groups of links that are tried without schema.org, two pages each."""
MAX_LEAFLETS: Final = 2
"""Most leaflets that are tried."""
MAX_SITEMAPS: Final = 3
"""Most sitemaps that are read."""
MAX_FOLDERS: Final = 2
"""Most folders of a sitemap that are tried, two pages each."""
_ALTERNATES: Final = {
    "application/rss+xml": AccessKind.RSS,
    "application/atom+xml": AccessKind.RSS,
    "application/json": AccessKind.JSON,
    "application/feed+json": AccessKind.JSON,
    "application/geo+json": AccessKind.GEOJSON,
}
"""Types of feeds that a page may name, calendars apart."""
_COMMENTS: Final = re.compile(r"(?i)kommentar|comment")
_HEADS: Final = ("h2", "h3", "h4", "summary")
_MAX_SECTIONS: Final = 40
_LEAST_TEXT: Final = 40
_ELSEWHERE: Final = "Bitte suchen Sie dort die Seite mit den Angeboten, einen Kalender (iCal) oder eine CSV-Datei."
_BY_HAND: Final = "Bitte suchen Sie dort einen Kalender (iCal), laden Sie eine Tabelle hoch oder tragen Sie sie ein."
_OTHERS: Final = (
    (b"PK\x03\x04", "preview.office",
     "Das ist eine Excel-, Word- oder ZIP-Datei; von einer Adresse lesen wir sie nicht.",
     "Bitte speichern Sie die Datei und laden Sie sie unter „Tabelle hochladen“ hoch."),
    (b"\x89PNG", "preview.image", "Das ist ein Bild; daraus können wir nichts lesen.", _ELSEWHERE),
    (b"\xff\xd8\xff", "preview.image", "Das ist ein Bild; daraus können wir nichts lesen.", _ELSEWHERE),
    (b"GIF8", "preview.image", "Das ist ein Bild; daraus können wir nichts lesen.", _ELSEWHERE),
)  # fmt: skip
"""First bytes of what is no source, with rule, what happened and remedy."""


@dataclass(frozen=True, slots=True)
class Found:
    """A way to read an address."""

    access: Access
    """Where and how."""
    page: Fetched
    """The answer at the address that was asked."""
    dataset: Dataset | None = None
    """The dataset of an open-data portal that it is."""
    file: Distribution | None = None
    """That dataset's file with the offers."""


def discover(address: str, client: Client, *, now: datetime) -> Found:
    """How ``address`` can be read. Raises ``ReadError`` with a German sentence and a remedy where it cannot."""
    page = client.get(address, source="preview")
    _must_be_text(page, address)
    portal = at_portal(page, client, now=now)
    if isinstance(portal, Listing):
        raise portal.error()
    if portal is not None:
        return Found(portal.access, page, portal.dataset, portal.file)
    if oai_pmh.is_answer(page.content) and oai_pmh.wrong_address(page.url):
        page = client.get(oai_pmh.list_address(page.url), source="preview")
    reasons: list[ReadError] = []
    for kind, plausible in GUESSES:
        if not plausible(page.content[:HEAD]):
            continue
        source = undescribed(Access(kind=kind, start=(page.url,)))
        try:
            parsed = PARSERS[kind](page.content, source=source, url=page.url, fetched_at=now, charset=page.charset)
        except ReadError as error:
            if kind is AccessKind.PDF or is_certain(kind, error):
                raise
            reasons.append(error)
            continue
        if parsed.records:
            if parsed.records[0].format in GUESSED and not is_list_of_offers(parsed.records, now):
                raise no_offers(address)
            return Found(source.access, page)
        if kind is AccessKind.STRUCTURED:
            break
        if is_certain(kind) and parsed.issues:
            told = parsed.issues[-1]
            raise ReadError("preview", address, told.rule, told.message or "", told.remedy or _ELSEWHERE)
        if kind is AccessKind.ICAL or is_certain(kind):
            raise ReadError(
                "preview",
                address,
                "preview.no_offers",
                "Der Kalender ist lesbar, enthält aber keinen einzigen Termin."
                if kind is AccessKind.ICAL
                else "Die Liste ist lesbar, enthält aber kein einziges Angebot.",
                "Ist er gerade leer, versuchen Sie es bitte später noch einmal; sonst prüfen Sie bitte die Adresse.",
            )
    if b"<" not in page.content[:HEAD]:
        raise reasons[0] if reasons else _unknown(address)
    access = _way(page, Glance(client, now))
    if access is None:
        raise ReadError(
            "preview",
            address,
            "preview.nothing",
            "Die Seite ist lesbar, aber wir finden keine Angebote, die wir von selbst verstehen: weder auf der Seite "
            "noch in einem Kalender, einem Feed oder einem Faltblatt (PDF), noch hinter ihren Links. Ein Angebot "
            "erkennen wir daran, dass es für Kitas ist oder Alter, Preis, Dauer oder Gruppengröße nennt.",
            _BY_HAND,
        )
    return Found(access, page)


def _way(page: Fetched, glance: Glance) -> Access | None:
    """The first way to offers that leads somewhere."""
    if is_sitemap(page.content):
        return _in_sitemap(page.url, "", glance)
    return (
        _calendar_of(page, glance)
        or _listing_of(page, glance)
        or _feed_of(page, glance)
        or _plain_listing(page, glance)
        or _plain_sections(page, glance)
        or _plain_offer(page, glance, least=1)
        or _leaflets_of(page, glance)
        or _plain_offer(page, glance, least=0)
        or _sitemap_of(page, glance)
    )


def _must_be_text(page: Fetched, address: str) -> None:
    start = page.content.lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if not start:
        raise ReadError(
            "preview", address, "preview.empty", "Die Seite ist leer.",
            "Bitte öffnen Sie die Adresse im Browser und prüfen Sie, ob dort etwas steht.",
        )  # fmt: skip
    for magic, rule, happened, remedy in _OTHERS:
        if start.startswith(magic):
            raise ReadError("preview", address, rule, happened, remedy)


def _unknown(address: str) -> ReadError:
    return ReadError("preview", address, "preview.unknown", "Das Format der Datei kennen wir nicht.", _ELSEWHERE)


# -- feeds ------------------------------------------------------------------------------------------------------------


def _calendar_of(page: Fetched, glance: Glance) -> Access | None:
    """The first calendar feed that the page names and that holds something."""
    for feed in list(dict.fromkeys(_calendars(page)))[:MAX_FEEDS]:
        access = Access(kind=AccessKind.ICAL, start=(feed,))
        if glance.records(access, feed):
            return access
    return None


def _calendars(page: Fetched) -> Iterator[str]:
    for element in _elements(page, "link", "a"):
        href = str(element.get("href", "")).strip()
        named = "text/calendar" in str(element.get("type", "")).lower()
        if not named and not href.lower().startswith("webcal:") and not href.lower().split("?")[0].endswith(".ics"):
            continue
        address = joined(page.url, re.sub(r"(?i)^webcals?:", "https:", href))
        if address and urlsplit(address).hostname == urlsplit(page.url).hostname:
            yield address


def _feed_of(page: Fetched, glance: Glance) -> Access | None:
    """The first other feed that the page names as another form of itself and that holds offers, not news."""
    for kind, feed in list(dict.fromkeys(_alternates(page)))[:MAX_FEEDS]:
        access = Access(kind=kind, start=(feed,))
        if glance.are_offers(glance.records(access, feed)):
            return access
    return None


def _alternates(page: Fetched) -> Iterator[tuple[AccessKind, str]]:
    for element in _elements(page, "link"):
        kind = _ALTERNATES.get(str(element.get("type", "")).partition(";")[0].strip().lower())
        address = joined(page.url, str(element.get("href", "")))
        if kind is None or "alternate" not in str(element.get("rel", "")).lower().split() or address is None:
            continue
        about_comments = _COMMENTS.search(f"{element.get('title', '')} {urlsplit(address).path}") is not None
        if not about_comments and urlsplit(address).hostname == urlsplit(page.url).hostname:
            yield kind, address


def _elements(page: Fetched, *names: str) -> Iterator[lxml.html.HtmlElement]:
    root = page_of(page.content, undescribed(Access(kind=AccessKind.STRUCTURED, start=(page.url,))), page.charset)
    if root is not None:
        yield from root.iter(*names)


# -- listings ---------------------------------------------------------------------------------------------------------


def _listing_of(page: Fetched, glance: Glance) -> Access | None:
    """A listing whose links lead to pages with schema.org; each group of links is tried by its first page."""
    tried: set[str] = {page.url.split("#")[0]}
    for group in groups(page)[:MAX_GROUPS]:
        first = next((address for address in group.addresses if address not in tried), None)
        if first is None:
            continue
        tried.add(first)
        if glance.records(Access(kind=AccessKind.STRUCTURED, start=(first,)), first):
            return Access(
                kind=AccessKind.STRUCTURED, start=(page.url,), follow=group.selector, next=next_of(page), max_pages=500
            )
    return None


# -- pages that say nothing to machines -------------------------------------------------------------------------------


def _plain_listing(page: Fetched, glance: Glance) -> Access | None:
    """Links that stand alike outside of menus, whose first two pages differ and one of which states what offers do."""
    candidates = [
        group
        for whole in groups(page)
        if not whole.aside and not whole.prose
        for group in by_folder(whole)
        if len(group.addresses) > 1
    ]
    for group in candidates[:MAX_PLAIN]:
        if _are_pages_of_offers(group.addresses[:2], glance):
            return Access(
                kind=AccessKind.PAGE, start=(page.url,), follow=group.selector, next=next_of(page), max_pages=500
            )
    return None


def _are_pages_of_offers(addresses: list[str], glance: Glance) -> bool:
    """Whether two pages differ and one of them states what offers do."""
    first, second = (
        glance.records(Access(kind=AccessKind.PAGE, start=(address,)), address) for address in addresses[:2]
    )
    if not first or not second or first[0].title == second[0].title or first[0].origin == second[0].origin:
        return False
    if min(len(first[0].text), len(second[0].text)) < _LEAST_TEXT:
        return False
    return any(glance.facts(record) or glance.for_kitas(record) for record in (first[0], second[0]))


def _plain_sections(page: Fetched, glance: Glance) -> Access | None:
    """Headings of the level below which the same kind of fact is stated most often: one offer states its price once."""
    best: tuple[int, Access] | None = None
    for heads in _HEADS:
        access = Access(kind=AccessKind.PAGE, start=(page.url,), items=heads)
        records = glance.records(access, page.url)[:_MAX_SECTIONS]
        stated = Counter(name for record in records for name in glance.facts(record))
        often = max(stated.values(), default=0)
        if often > 1 and often * 2 >= len(records) and (best is None or often > best[0]):
            best = (often, access)
    return best[1] if best else None


def _plain_offer(page: Fetched, glance: Glance, *, least: int) -> Access | None:
    """The page as one offer: it speaks to Kitas and states ``least`` facts, or two facts. A start page with prices is
    none."""
    access = Access(kind=AccessKind.PAGE, start=(page.url,))
    for record in glance.records(access, page.url):
        stated = len(glance.facts(record))
        many = stated > 1 and urlsplit(page.url).path not in ("", "/")
        if len(record.text) >= _LEAST_TEXT and (many or (stated >= least and glance.for_kitas(record))):
            return access
    return None


# -- what stands elsewhere --------------------------------------------------------------------------------------------


def _leaflets_of(page: Fetched, glance: Glance) -> Access | None:
    """The leaflets behind links that stand alike; where one that is tried holds no offers, only the other one."""
    left = MAX_LEAFLETS
    for group in groups(page, is_leaflet):
        tried = sorted(group.addresses, key=lambda address: not TELLING.search(unquote(urlsplit(address).path)))[:left]
        good = [address for address in tried if glance.are_offers(_leaflet(address, glance))]
        if good and len(good) == len(tried):
            suffix = urlsplit(good[0]).path[-len(".pdf") :]
            return Access(kind=AccessKind.PDF, start=(page.url,), follow=f'{group.selector}[href*="{suffix}"]')
        if good:
            return Access(kind=AccessKind.PDF, start=tuple(good))
        left -= len(tried)
        if not left:
            break
    return None


def _leaflet(address: str, glance: Glance) -> tuple[Record, ...]:
    return glance.records(Access(kind=AccessKind.PDF, start=(address,)), address)


def _sitemap_of(page: Fetched, glance: Glance) -> Access | None:
    """Pages of offers in the sitemap that robots.txt names, else in the usual one; below the page, if it has a path."""
    parts = urlsplit(page.url)
    folder, _, file = parts.path.rpartition("/")
    below = re.escape(folder if "." in file else parts.path.rstrip("/"))
    named = [one for one in glance.client.sitemaps(page.url, source="preview") if site_of(one) == site_of(page.url)]
    start = named[0] if len(named) == 1 else urljoin(page.url, "/robots.txt" if named else "/sitemap.xml")
    return _in_sitemap(start, f"^https?://[^/]+{below}/.", glance)


def _in_sitemap(start: str, wanted: str, glance: Glance) -> Access | None:
    """The folder of a sitemap whose pages carry schema.org, or of which the first two state what offers state."""
    source = undescribed(Access(kind=AccessKind.PAGE, start=(start,), sitemap=wanted))
    try:
        found = walk(start, source, glance.client, now=glance.now, most=MAX_SITEMAPS)
    except ReadError:
        return None
    folders: dict[str, list[str]] = {}
    for address in found.pages:
        folders.setdefault(address.rstrip("/").rpartition("/")[0], []).append(address)
    ranked = sorted(
        ((folder, pages) for folder, pages in folders.items() if len(pages) > 1),
        key=lambda each: (not TELLING.search(unquote(urlsplit(each[0]).path)), -len(each[1])),
    )
    for folder, pages in ranked[:MAX_FOLDERS]:
        wanted = f"^{re.escape(folder)}/[^/]+/?$"
        way = Access(kind=AccessKind.STRUCTURED, start=(start,), sitemap=wanted, max_pages=500)
        if glance.records(way, pages[0]):
            return way
        if _are_pages_of_offers(pages, glance):
            return way.model_copy(update={"kind": AccessKind.PAGE})
    return None
