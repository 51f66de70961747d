"""How can this address be read? Finds the way of access by itself, within a budget of few requests.

Tried in this order: the address is a leaflet (PDF), a calendar, another feed, a list or a table itself; the page
carries schema.org; the page names a calendar feed; the page lists links whose pages carry schema.org. Where nothing
speaks to machines, the page is read as people see it (``formats.plain_page``): links that stand alike and lead to
offers, headings of one level with an offer below each, or the page as one offer; only where at least two of them, or
the page, state what offers state. What is found is an ``Access``, ready to be read again and again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html

from harvesters.fetch.client import Client, Fetched
from harvesters.formats.by_kind import GUESSES, PARSERS
from harvesters.formats.html_selectors import links
from harvesters.formats.pages import page_of
from harvesters.formats.text import line
from harvesters.normalise.record import normalise
from harvesters.problems import ReadError
from schemas.clock import local
from schemas.harvest import Access, AccessKind, Record, Source
from schemas.vocabulary import Verdict

MAX_FEEDS: Final = 2
"""Most calendar feeds of a page that are tried."""
MAX_GROUPS: Final = 4
"""Most groups of links of a page that are tried, one page each."""
MAX_PLAIN: Final = 3
"""Most groups of links that are tried without schema.org, two pages each."""
_FACTS: Final = ("ages", "price", "duration_minutes", "group_size")
"""What offers state, and other pages mostly do not."""
_HEADS: Final = ("h2", "h3", "h4", "summary")
_MAX_SECTIONS: Final = 40
_LEAST_TEXT: Final = 40
_SAFE_HREF: Final = re.compile(r"[\w./?=&%:;,+~-]{2,200}")
_MORE: Final = re.compile(r"(?i)(?:mehr|weiter|details|zum|zur|ansehen|info)")
_HEAD: Final = 20_000
_MAX_LINKS: Final = 3_000
_LEVELS: Final = 3
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
_SAFE: Final = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]{0,60}")
_NO_PAGE: Final = re.compile(r"(?i)\.(?:pdf|docx?|xlsx?|zip|jpe?g|png|gif|webp|svg|mp3|mp4|ics|css|js|xml|rss)$")
_TELLING: Final = re.compile(
    r"(?i)veranstalt|termin|angebot|event|kalend|programm|kurs|f(?:ü|ue)hrung|workshop|mitmach|kita|kinder|vorschul"
)
_ASIDE: Final = frozenset(("nav", "header", "footer", "aside"))
_ASIDE_CLASS: Final = re.compile(r"(?i)nav|menu|footer|header|breadcrumb|social|cookie|sidebar")


@dataclass(frozen=True, slots=True)
class Found:
    """A way to read an address."""

    access: Access
    """Where and how."""
    page: Fetched
    """The answer at the address that was asked."""


def discover(address: str, client: Client, *, now: datetime) -> Found:
    """How ``address`` can be read. Raises ``ReadError`` with a German sentence and a remedy where it cannot."""
    page = client.get(address, source="preview")
    _must_be_text(page, address)
    reasons: list[ReadError] = []
    for kind, plausible in GUESSES:
        if not plausible(page.content[:_HEAD]):
            continue
        source = undescribed(Access(kind=kind, start=(page.url,)))
        try:
            parsed = PARSERS[kind](page.content, source=source, url=page.url, fetched_at=now, charset=page.charset)
        except ReadError as error:
            if kind is AccessKind.PDF:
                raise
            reasons.append(error)
            continue
        if parsed.records:
            return Found(source.access, page)
        if kind is AccessKind.STRUCTURED:
            break
        if kind is AccessKind.ICAL:
            raise ReadError(
                "preview",
                address,
                "preview.no_offers",
                "Der Kalender ist lesbar, enthält aber keinen einzigen Termin.",
                "Ist er gerade leer, versuchen Sie es bitte später noch einmal; sonst prüfen Sie bitte die Adresse.",
            )
    if b"<" not in page.content[:_HEAD]:
        raise reasons[0] if reasons else _unknown(address)
    access = _feed_of(page, client, now) or _listing_of(page, client, now) or _plain(page, client, now)
    if access is None:
        raise ReadError(
            "preview",
            address,
            "preview.nothing",
            "Die Seite ist lesbar, aber wir finden keine Angebote, die wir von selbst verstehen: weder auf der Seite "
            "noch in einem Kalender noch hinter ihren Links. Ein Angebot erkennen wir daran, dass es für Kitas ist "
            "oder Alter, Preis, Dauer oder Gruppengröße nennt.",
            _BY_HAND,
        )
    return Found(access, page)


def undescribed(access: Access) -> Source:
    """A source of which nothing is known but how it is read."""
    return Source(name="preview", region="00", access=access)


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


# -- calendars --------------------------------------------------------------------------------------------------------


def _feed_of(page: Fetched, client: Client, now: datetime) -> Access | None:
    """The first calendar feed that the page names and that holds something."""
    for feed in list(dict.fromkeys(_feeds(page)))[:MAX_FEEDS]:
        access = Access(kind=AccessKind.ICAL, start=(feed,))
        if _reads(access, feed, client, now):
            return access
    return None


def _feeds(page: Fetched) -> Iterator[str]:
    root = page_of(page.content, undescribed(Access(kind=AccessKind.STRUCTURED, start=(page.url,))), page.charset)
    for element in () if root is None else root.iter("link", "a"):
        href = str(element.get("href", "")).strip()
        named = "text/calendar" in str(element.get("type", "")).lower()
        if not named and not href.lower().startswith("webcal:") and not href.lower().split("?")[0].endswith(".ics"):
            continue
        address = _joined(page.url, re.sub(r"(?i)^webcals?:", "https:", href))
        if address and urlsplit(address).hostname == urlsplit(page.url).hostname:
            yield address


# -- listings ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Group:
    """Links that stand alike in a page."""

    selector: str
    addresses: list[str]
    aside: bool
    telling: bool
    hrefs: list[str] = field(default_factory=list)
    """As they are written, one for each of ``addresses``."""
    prose: bool = True
    """Whether all of them stand in the middle of sentences."""


def _listing_of(page: Fetched, client: Client, now: datetime) -> Access | None:
    """A listing whose links lead to pages with schema.org; each group of links is tried by its first page."""
    tried: set[str] = {page.url.split("#")[0]}
    for group in _groups(page)[:MAX_GROUPS]:
        first = next((address for address in group.addresses if address not in tried), None)
        if first is None:
            continue
        tried.add(first)
        if _reads(Access(kind=AccessKind.STRUCTURED, start=(first,)), first, client, now):
            return Access(
                kind=AccessKind.STRUCTURED, start=(page.url,), follow=group.selector, next=_next_of(page), max_pages=500
            )
    return None


def _groups(page: Fetched) -> list[_Group]:
    """The page's links on the same host by where they stand, the most promising group first."""
    source = undescribed(Access(kind=AccessKind.STRUCTURED, start=(page.url,)))
    root = page_of(page.content, source, page.charset)
    if root is None:
        return []
    groups: dict[str, _Group] = {}
    for number, anchor in enumerate(root.iter("a")):
        if number >= _MAX_LINKS:
            break
        address = _joined(page.url, str(anchor.get("href", "")).strip())
        if not address or not _is_page(address, page.url):
            continue
        selector = _selector_of(anchor)
        group = groups.get(selector)
        if group is None:
            aside = (
                any(parent.tag in _ASIDE for parent in anchor.iterancestors())
                or _ASIDE_CLASS.search(selector) is not None
            )
            groups[selector] = group = _Group(selector, [], aside, False)
        if address not in group.addresses[:200]:
            group.addresses.append(address)
            group.hrefs.append(str(anchor.get("href", "")).strip())
        group.prose = group.prose and _in_prose(anchor)
        group.telling = group.telling or _TELLING.search(f"{selector} {unquote(urlsplit(address).path)}") is not None
    found = [group for group in groups.values() if links(page.content, group.selector, source=source, url=page.url)]
    return sorted(found, key=lambda group: (group.aside, not group.telling, -len(group.addresses)))


def _selector_of(anchor: lxml.html.HtmlElement) -> str:
    """A CSS selector of the anchor and its kind: own class and up to three ancestors that have a name."""
    steps = [_step(anchor)]
    for parent in anchor.iterancestors():
        if len(steps) > _LEVELS or parent.tag in ("body", "html"):
            break
        if parent.tag in ("main", "article", "li", "nav", "header", "footer", "aside") or _classes(parent):
            steps.append(_step(parent))
    return " ".join(reversed(steps))


def _step(element: lxml.html.HtmlElement) -> str:
    tag = str(element.tag) if _SAFE.fullmatch(str(element.tag)) else "*"
    return tag + "".join(f".{name}" for name in _classes(element)[:1])


def _classes(element: lxml.html.HtmlElement) -> list[str]:
    return [name for name in str(element.get("class", "")).split() if _SAFE.fullmatch(name)]


def _is_page(address: str, listing: str) -> bool:
    parts = urlsplit(address)
    same_host = parts.hostname == urlsplit(listing).hostname and parts.scheme in ("http", "https")
    other = address.split("#")[0] != listing.split("#")[0]
    return same_host and other and parts.path not in ("", "/") and not _NO_PAGE.search(parts.path)


def _next_of(page: Fetched) -> str | None:
    source = undescribed(Access(kind=AccessKind.STRUCTURED, start=(page.url,)))
    for selector in ("a[rel~=next]", "link[rel~=next]"):
        if links(page.content, selector, source=source, url=page.url):
            return selector
    return None


def _in_prose(anchor: lxml.html.HtmlElement) -> bool:
    """Whether a link stands in a paragraph with more words than its own; "weiterlesen" below a teaser does not."""
    around = next((each for each in anchor.iterancestors() if each.tag in ("p", "dd", "td", "li", "div")), None)
    words = line(str(anchor.text_content()))
    return (
        around is not None
        and around.tag == "p"
        and not _MORE.match(words)
        and (len(line(str(around.text_content()))) > 2 * len(words))
    )


# -- pages that say nothing to machines -------------------------------------------------------------------------------


def _plain(page: Fetched, client: Client, now: datetime) -> Access | None:
    """How to read the offers of a page without markup; ``None`` where nothing on it looks like one."""
    return _plain_listing(page, client, now) or _plain_sections(page, client, now) or _plain_offer(page, client, now)


def _plain_listing(page: Fetched, client: Client, now: datetime) -> Access | None:
    """Links that stand alike outside of menus, whose first two pages differ and one of which states what offers do."""
    candidates = [
        group
        for whole in _groups(page)
        if not whole.aside and not whole.prose
        for group in _by_folder(whole)
        if len(group.addresses) > 1
    ]
    for group in candidates[:MAX_PLAIN]:
        first, second = (
            _records(Access(kind=AccessKind.PAGE, start=(address,)), address, client, now)
            for address in group.addresses[:2]
        )
        if not first or not second or first[0].title == second[0].title or first[0].origin == second[0].origin:
            continue
        if min(len(first[0].text), len(second[0].text)) < _LEAST_TEXT:
            continue
        if any(_facts(record, now) or _for_kitas(record, now) for record in (first[0], second[0])):
            return Access(
                kind=AccessKind.PAGE, start=(page.url,), follow=group.selector, next=_next_of(page), max_pages=500
            )
    return None


def _by_folder(whole: _Group) -> list[_Group]:
    """The links of a group by the folder they lead to, where there are several: menus and offers may stand alike."""
    folders: dict[str, list[int]] = {}
    for number, href in enumerate(whole.hrefs):
        folders.setdefault(href.rpartition("/")[0], []).append(number)
    parts = [
        replace(
            whole,
            selector=f'{whole.selector}[href^="{folder}/"]',
            addresses=[whole.addresses[number] for number in numbers],
            telling=_TELLING.search(unquote(folder)) is not None,
        )
        for folder, numbers in folders.items()
        if len(folders) > 1 and _SAFE_HREF.fullmatch(folder)
    ]
    return sorted(parts, key=lambda part: (not part.telling, -len(part.addresses))) or [whole]


def _plain_sections(page: Fetched, client: Client, now: datetime) -> Access | None:
    """Headings of the level below which the same kind of fact is stated most often: one offer states its price once."""
    best: tuple[int, Access] | None = None
    for heads in _HEADS:
        access = Access(kind=AccessKind.PAGE, start=(page.url,), items=heads)
        records = _records(access, page.url, client, now)[:_MAX_SECTIONS]
        stated = Counter(name for record in records for name in _facts(record, now))
        often = max(stated.values(), default=0)
        if often > 1 and often * 2 >= len(records) and (best is None or often > best[0]):
            best = (often, access)
    return best[1] if best else None


def _plain_offer(page: Fetched, client: Client, now: datetime) -> Access | None:
    """The page as one offer: it speaks to Kitas, or states two facts. A start page with prices is none."""
    access = Access(kind=AccessKind.PAGE, start=(page.url,))
    for record in _records(access, page.url, client, now):
        many = len(_facts(record, now)) > 1 and urlsplit(page.url).path not in ("", "/")
        if len(record.text) >= _LEAST_TEXT and (many or _for_kitas(record, now)):
            return access
    return None


def _facts(record: Record, now: datetime) -> list[str]:
    fields = normalise(record, None, today=local(now).date()).offer.fields
    return [name for name in _FACTS if getattr(fields, name) is not None]


def _for_kitas(record: Record, now: datetime) -> bool:
    suitable = normalise(record, None, today=local(now).date()).offer.fields.kita_suitability
    return suitable is not None and suitable.verdict is Verdict.YES


def _reads(access: Access, address: str, client: Client, now: datetime) -> bool:
    """Whether something is found at ``address``."""
    return bool(_records(access, address, client, now))


def _records(access: Access, address: str, client: Client, now: datetime) -> tuple[Record, ...]:
    """What is found at ``address``; what cannot be read holds nothing."""
    source = undescribed(access)
    try:
        page = client.get(address, source="preview")
        parse = PARSERS[access.kind]
        return parse(page.content, source=source, url=page.url, fetched_at=now, charset=page.charset).records
    except ReadError:
        return ()


def _joined(base: str, href: str) -> str | None:
    """The absolute address, ``None`` for what is none."""
    try:
        address = urljoin(base, href).split("#")[0]
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if href and parts.scheme in ("http", "https") and parts.hostname else None
