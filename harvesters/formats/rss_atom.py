"""RSS (0.9 to 2.0, RDF) and Atom → Records: one per item, without a network and without entities.

A feed tells of news more often than of offers. Every item becomes a Record all the same; whether it is an offer for
Kitas is judged by the normaliser. The day of publication is no date of the offer: only the event modules (``ev:``,
xCal, Modern Events Calendar) state one.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from lxml import etree

from harvesters.formats.records import MAX_RECORDS, Origin, Parsed, build, finish, too_many
from harvesters.formats.rows import take_key
from harvesters.formats.text import lines, looks_like_page
from harvesters.formats.times import occurrence
from harvesters.formats.xml_tree import ends_with, local, name_of, text_of, tree_of
from harvesters.problems import ReadError
from schemas.harvest import Issue, RawOccurrence, Record, RecordField, Source

FORMAT: Final = "rss_atom"
_ROOTS: Final = frozenset(("rss", "rdf", "feed"))
_ITEMS: Final = frozenset(("item", "entry"))
_START: Final = ("startdate", "dtstart")
_LAST: Final = ("enddate", "dtend")
_EVENTS: Final = ("modules/event", "xcal", "/mec", "ical#")
"""Parts of the namespaces in which an item says when and where something takes place."""
_PROSE: Final = ("encoded", "content", "description", "summary")
_UNTOLD: Final = frozenset(
    ("title", "link", "guid", "id", "category", "subject", "enclosure", "comments", "commentrss", "author", "creator",
     "contributor", "source", "point", "where", "lat", "long", "pubdate", "published", "updated", "modified", "date",
     *_PROSE)
)  # fmt: skip
"""Elements of an item that are read, or are nothing about the offer; people who wrote it are not taken over."""


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The items of a feed, keyed by ``guid`` or ``id``, else by their link, else by their title.

    A feed that breaks off loses its last item and is not complete; one that is no well-formed XML is read as far as it
    goes, with an Issue. Raises ``ReadError`` for anything that is no feed, and for one that declares entities.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    text = text_of(content, origin, charset)
    root, well_formed = tree_of(text, url)
    name = name_of(root) if root is not None else ""
    if root is None or name not in _ROOTS:
        page = looks_like_page(text) or name == "html"
        raise ReadError(
            source.name,
            url,
            "rss_atom.page" if page else "rss_atom.no_feed",
            "Statt eines Feeds kam eine Internetseite."
            if page
            else f"Das ist kein RSS- oder Atom-Feed{f' (die Wurzel heißt „{name[:40]}“)' if name else ''}.",
            "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
        )
    items = [element for element in root.iter(etree.Element) if name_of(element) in _ITEMS]
    issues: list[Issue] = []
    complete = ends_with(text, *_ROOTS)
    if not complete:
        items = items[:-1]
        issues.append(
            origin.problem(
                "run",
                "rss_atom.truncated",
                text[-80:],
                message="Der Feed bricht mitten in der Datei ab.",
                remedy="Bitte erneut abrufen; bleibt es dabei, die Quelle benachrichtigen.",
            )
        )
    elif not well_formed:
        issues.append(
            origin.problem(
                "source",
                "rss_atom.repaired",
                message="Der Feed ist kein wohlgeformtes XML; gelesen wurde, was lesbar war.",
                remedy="Bitte die Betreiber darauf hinweisen; der Prüfer validator.w3.org/feed zeigt die Stelle.",
            )
        )
    if len(items) > MAX_RECORDS:
        issues.append(too_many(origin))
        items, complete = items[:MAX_RECORDS], False
    records = list(_records(origin, items, issues))
    return finish(origin, records, issues, next=_next(root, url), complete=complete)


def _records(origin: Origin, items: list[etree._Element], issues: list[Issue]) -> Iterator[Record]:
    for item in items:
        record, problems = _record(origin, item)
        issues.extend(problems)
        if record is not None:
            yield record


def _record(origin: Origin, item: etree._Element) -> tuple[Record | None, list[Issue]]:
    access = origin.source.access
    guid = _text(item, "guid") or _text(item, "id") or _attribute(item, "about")
    link = _link(item) or (guid if _is_address(guid) and _is_permalink(item) else "")
    title = _text(item, "title")
    words: dict[RecordField, str] = {
        "category": ", ".join(dict.fromkeys(_categories(item))),
        "updated": next(filter(None, (_text(item, name) for name in ("updated", "pubdate", "date"))), ""),
    }
    occurrences = _event(item, words, access.zone)
    words["lat"], words["lon"] = _point(item)
    record, problems = build(
        origin,
        key=take_key(guid or link, access.key_pattern) or title,
        title=title,
        text=_prose(item),
        url=link or None,
        words=words,
        occurrences=occurrences,
        unread={
            name_of(child): _inner(child) or str(child.get("url", ""))
            for child in item.iterchildren(etree.Element)
            if name_of(child) not in _UNTOLD and not _of_event(child)
        },
    )
    return record, problems


def _event(item: etree._Element, words: dict[RecordField, str], zone: str) -> list[RawOccurrence]:
    """What the event modules say: when, where, by whom; a time that is no plain one stays wording."""
    said = {name_of(child): _inner(child) for child in item.iterchildren(etree.Element) if _of_event(child)}
    start = next((said[name] for name in _START if said.get(name)), "")
    end = next((said[name] for name in _LAST if said.get(name)), "")
    if clock := said.get("starthour"):
        start = f"{start} {clock}"
    if clock := said.get("endhour"):
        end = f"{end} {clock}"
    words["place"] = said.get("location", "")
    words["provider"] = said.get("organizer", "")
    words["price"] = said.get("cost", "")
    found = occurrence(start, end or None, zone=zone) if start else None
    if found is None:
        words["dates"] = " bis ".join(filter(None, (start, end)))
    return [found] if found is not None else []


def _of_event(element: etree._Element) -> bool:
    return any(part in _vocabulary(element).lower() for part in _EVENTS)


def _prose(item: etree._Element) -> str:
    """The full text, after a teaser that it does not repeat."""
    parts = list(dict.fromkeys(filter(None, (lines(_text(item, name)) for name in _PROSE))))
    if not parts:
        return ""
    longest = max(parts, key=len)
    teasers = [part for part in parts if part.rstrip(" .…[]")[:200] not in longest]
    return "\n".join((*teasers, longest))


def _link(item: etree._Element) -> str:
    """The item's page: Atom's alternate link, or the text of RSS's, absolute."""
    for child in item.iterchildren(etree.Element):
        if name_of(child) == "link" and child.get("rel", "alternate") == "alternate":
            href = str(child.get("href", "")) or _inner(child)
            if href.strip():
                address = _joined(child.base or "", href.strip())
                if _is_address(address):
                    return address
    return ""


def _next(root: etree._Element, url: str) -> str | None:
    """The address of the next page of the feed (RFC 5005)."""
    for element in root.iter(etree.Element):
        if name_of(element) in _ITEMS:
            return None
        if name_of(element) == "link" and element.get("rel") == "next" and (href := element.get("href")):
            address = _joined(element.base or url, href)
            return address if _is_address(address) else None
    return None


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:  # no address at all
        return ""


def _is_permalink(item: etree._Element) -> bool:
    return all(str(child.get("isPermaLink", "true")).lower() != "false" for child in item if name_of(child) == "guid")


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("http", "https") and bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _categories(item: etree._Element) -> Iterator[str]:
    for child in item.iterchildren(etree.Element):
        if name_of(child) in ("category", "subject"):
            yield str(child.get("label") or child.get("term") or "") or _inner(child)


def _point(item: etree._Element) -> tuple[str, str]:
    """Latitude and longitude (GeoRSS simple, GML, W3C geo)."""
    for element in item.iter(etree.Element):
        if name_of(element) in ("point", "pos"):
            numbers = _inner(element).replace(",", " ").split()
            if len(numbers) in (2, 3):
                return numbers[0], numbers[1]
    return _text(item, "lat"), _text(item, "long")


def _text(item: etree._Element, name: str) -> str:
    """What the first child of this name says; its own vocabulary (RSS, Atom) goes before modules like ``media:``."""
    own = _vocabulary(item)
    found = [child for child in item.iterchildren(etree.Element) if name_of(child) == name]
    found.sort(key=lambda child: _vocabulary(child) != own)
    return next(filter(None, map(_inner, found)), "")


def _inner(element: etree._Element) -> str:
    """Text with escaped markup as it stands, or real markup (``type="xhtml"``) written out."""
    if not len(element):
        return (element.text or "").strip()
    markup = (etree.tostring(child, encoding="unicode", method="html") for child in element)
    return "".join((element.text or "", *markup)).strip()


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(value) for key, value in element.items() if local(str(key)) == name), "")


def _vocabulary(element: etree._Element) -> str:
    """The element's namespace; of a prefix that the feed does not declare, the prefix."""
    head, _, name = str(element.tag).rpartition("}")
    return head.removeprefix("{") or name.rpartition(":")[0]
