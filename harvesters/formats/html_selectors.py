"""Web pages without markup for machines → Records, by CSS selectors (parsel: ``h1``, ``a.tel::attr(href)``)."""

from datetime import datetime
from typing import Final
from urllib.parse import urljoin

import lxml.html
from cssselect import SelectorError
from parsel import Selector

from harvesters.formats.pages import canonical, page_of
from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.rows import occurrence_of, take_key
from harvesters.formats.text import element_lines, lines
from harvesters.problems import ReadError
from schemas.harvest import Issue, RawOccurrence, Record, RecordField, Source

FORMAT: Final = "html_selectors"
_PROSE: Final = frozenset(("text", "dates", "accessibility", "booking", "price", "practicalities"))
_LINKS: Final[tuple[RecordField, ...]] = ("booking_url", "provider_url", "image_url")
_TIMES: Final[tuple[RecordField, ...]] = ("start", "end", "start_date", "start_time", "end_date", "end_time", "all_day")


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The offer of a page, or with ``access.items`` the offers of a page.

    Keyed by ``access.key``, else the offer's own ``url`` or ``id`` attribute, else the page's canonical address (with
    the ordinal on it where it holds several). Raises ``ReadError`` for a selector that is no CSS.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    page = page_of(content, source, charset)
    if page is None:
        return Parsed()
    access = source.access
    root = Selector(root=page, type="html")
    issues: list[Issue] = []
    records: list[Record] = []
    try:
        items = root.css(access.items) if access.items else [root]
        for ordinal, item in enumerate(items):
            record, problems = _record(origin, page, item, ordinal)
            issues.extend(problems)
            if record is not None:
                records.append(record)
    except (SelectorError, ValueError) as error:  # cssselect's family; ValueError from an unknown pseudo-element
        raise ReadError(
            source.name,
            url,
            "html_selectors.selector",
            f"Ein Selektor der Quellenbeschreibung ist kein gültiges CSS ({error}).",
            "Bitte access.items, access.key und access.fields prüfen.",
        ) from error
    return finish(origin, records, issues)


def links(content: bytes, selector: str, *, source: Source, url: str, charset: str | None = None) -> tuple[str, ...]:
    """Absolute http(s) addresses that ``selector`` finds (``href`` or what the selector takes out), each once."""
    page = page_of(content, source, charset)
    if page is None:
        return ()
    try:
        found = Selector(root=page, type="html").css(selector)
    except SelectorError as error:
        raise ReadError(
            source.name,
            url,
            "html_selectors.selector",
            f"„{selector}“ ist kein gültiger CSS-Selektor ({error}).",
            "Bitte access.follow und access.next prüfen.",
        ) from error
    addresses: dict[str, None] = {}
    for match in found:
        raw = match.root.get("href") if isinstance(match.root, lxml.html.HtmlElement) else str(match.root)
        address = urljoin(url, raw.strip()) if raw and raw.strip() else ""
        if address.startswith(("http://", "https://")):
            addresses[address.split("#")[0]] = None
    return tuple(addresses)


def _record(
    origin: Origin, page: lxml.html.HtmlElement, item: Selector, ordinal: int
) -> tuple[Record | None, list[Issue]]:
    access = origin.source.access
    words: dict[RecordField, str] = {}
    for name, selector in access.fields.items():
        if value := _value(item, selector, prose=name in _PROSE, first=name in ("title", "url", *_LINKS)):
            words[name] = value
    for name in _LINKS:
        if name in words:
            words[name] = urljoin(origin.url, words[name])
    own = words.pop("url", "")
    address = urljoin(origin.url, own) if own else None
    anchor = str(item.root.get("id", "")) if access.items and isinstance(item.root, lxml.html.HtmlElement) else ""
    permalink = canonical(page, origin.url)
    named = _value(item, access.key, prose=False, first=True) if access.key else ""
    if named and (named.startswith(("/", "./", "../")) or str(access.key).endswith("::attr(href)")):
        named = urljoin(origin.url, named)
    named = take_key(named, access.key_pattern)
    key = named or address or (f"{permalink}#{anchor}" if anchor else permalink)
    part = ordinal if access.items and key == permalink else 0
    instance = occurrence_of(words, access.zone)
    spoken = [words.pop(name) for name in _TIMES if name in words]
    if instance is None and spoken:
        words["dates"] = "\n".join(filter(None, (words.get("dates", ""), " ".join(spoken))))
    found: tuple[RawOccurrence, ...] = (instance,) if instance else ()
    return build(
        origin,
        key=key,
        part=part,
        title=words.pop("title", ""),
        text=words.pop("text", ""),
        url=address or permalink,
        words=words,
        occurrences=found,
    )


def _value(item: Selector, selector: str, *, prose: bool, first: bool) -> str:
    """What ``selector`` finds: each match once, prose as lines, lists of values with commas."""
    matches: list[str] = []
    for match in item.css(selector):
        if isinstance(match.root, lxml.html.HtmlElement):
            text = element_lines(match.root)
        else:
            text = lines(str(match.root))
        if text:
            matches.append(text)
        if first and matches:
            break
    return ("\n" if prose else ", ").join(dict.fromkeys(matches))
