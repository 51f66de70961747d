"""Web pages without markup for machines and without selectors → Records: title and main text, as a reader sees them.

A page is one offer; with ``access.items`` (a CSS selector of headings, ``h2``) every such heading with the text below
it is one. What the text means is for the normaliser, as anywhere else.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final
from urllib.parse import urljoin

import lxml.html
from cssselect import SelectorError
from lxml import etree
from parsel import Selector

from harvesters.formats.guess import likely_field
from harvesters.formats.main_content import (
    HEADINGS,
    title_of,
    without_chrome,
    without_menus,
    without_neighbours,
    without_repeats,
)
from harvesters.formats.pages import canonical, page_of
from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.text import element_lines, line, lines_between
from harvesters.problems import ReadError
from schemas.harvest import Issue, Record, RecordField, Source

FORMAT: Final = "plain_page"
_LABELLED: Final[frozenset[RecordField]] = frozenset(
    ("ages", "price", "duration", "group_size", "audience", "dates", "provider", "place", "place_name", "season",
     "languages", "accessibility", "lead_time", "capacity", "funding", "service_area")
)  # fmt: skip
"""Fields that are read under their own name where a list or a table gives them one ("Alter | 3–6")."""
_MAX_LABEL: Final = 40
_BOOK: Final = re.compile(r"(?i)(?:jetzt |zur |hier |online[ -])*(?:anmeld|buch(?:en|ung)|reservier)")
_NO_OFFER: Final = re.compile(
    r"(?i)(?:kontakt|ansprechpartner(?:in|innen)?|anfahrt|lage|öffnungszeiten|impressum|datenschutz\w*|über uns|team|"
    r"downloads?|links?|hinweise?|allgemeines|weitere (?:informationen|infos|hinweise)|informationen|anmeldung|buchung|"
    r"anmeldung und \w+|buchung und \w+|kosten|preise?|eintritt\w*|termine?|unterstützer|förderer|partner|sponsoren|"
    r"news|aktuelles|newsletter|faq|häufige fragen|inhalt|inhaltsverzeichnis|übersicht|service)[.:!?]*"
)
"""Headings that are never the name of an offer."""
_BY_PLACE: Final = re.compile(
    r"(?i)(?:.*[-_])?(?:accordions?|collapse\w*|tabs?|panels?|toggles?|items?|slides?|sections?|headings?|rows?|ui-id)"
    r"[-_]?(?:\d+[-_]?)+"
)
"""Ids that count elements: they change their owner when something is inserted."""
_TRANSLIT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The offer of a page, keyed by its canonical address; with ``access.items`` those of its sections, keyed by the
    address with the anchor of the heading, or with its words where it has none that lasts.

    Raises ``ReadError`` for a selector that is no CSS.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    page = page_of(content, source, charset)
    if page is None:
        return Parsed()
    permalink = canonical(page, url)
    main = without_chrome(page, url)
    without_menus(main)
    if source.access.items:
        return finish(origin, *_sections(origin, main, permalink))
    without_neighbours(main)
    title = title_of(page, main, url)
    whole = _read(main, (), url)[0]
    if not title and not whole.text:
        return Parsed()
    text = "\n".join(each for each in whole.text.split("\n") if each != title)
    record, issues = build(origin, key=permalink, title=title, text=text, url=permalink, words=whole.words)
    return finish(origin, [record] if record else [], issues)


def _sections(origin: Origin, main: lxml.html.HtmlElement, permalink: str) -> tuple[list[Record], list[Issue]]:
    try:
        found = Selector(root=main, type="html").css(str(origin.source.access.items))
    except SelectorError as error:
        raise ReadError(
            origin.source.name,
            origin.url,
            "plain_page.selector",
            f"access.items ist kein gültiger CSS-Selektor ({error}).",
            "Bitte die Überschriften der Angebote angeben, zum Beispiel „h2“.",
        ) from error
    heads = [match.root for match in found if isinstance(match.root, lxml.html.HtmlElement)]
    chosen = set(heads)
    highest = max((_level(head) for head in heads), default=0)
    marks = [each for each in main.iter(etree.Element) if each in chosen or _level(each) < highest]
    records: list[Record] = []
    issues: list[Issue] = []
    keys: Counter[str] = Counter()
    within = Counter(parent for head in heads for parent in head.iterancestors())
    above = ""
    for head, section in zip(marks, _read(main, marks, origin.url)[1:], strict=True):
        title = line(element_lines(head))
        if head not in chosen:
            above = "" if head.tag == "h1" else title
            continue
        if not title or not section.text or _NO_OFFER.fullmatch(title):
            continue
        anchor = _anchor(head, within)
        key = f"{permalink}#{anchor or _slug(title)}"
        part = keys[key]
        keys[key] += 1
        words = section.words | ({"category": above} if above else {})
        record, problems = build(
            origin,
            key=key,
            part=part,
            title=title,
            text=section.text,
            url=f"{permalink}#{anchor}" if anchor else permalink,
            words=words,
        )
        issues.extend(problems)
        if record is not None:
            records.append(record)
    return records, issues


@dataclass(slots=True)
class _Section:
    """What stands between two headings, or on the whole page."""

    text: str
    named: dict[RecordField, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Field → the values that stand under its name."""

    @property
    def words(self) -> dict[RecordField, str]:
        """Fields with one value; which of several counts is for whoever reads the text."""
        return {name: next(iter(values)) for name, values in self.named.items() if len(values) == 1}


def _read(main: lxml.html.HtmlElement, marks: Sequence[lxml.html.HtmlElement], url: str) -> list[_Section]:
    """What stands before the first of ``marks`` and after each of them: its text, and what has a name of its own."""
    labelled = _labelled(main)
    sections = [_Section(without_repeats(text)) for text in lines_between(main, marks)]
    begins, number = set(marks), 0
    for element in main.iter(etree.Element):
        if element in begins:
            number += 1
        section = sections[number]
        if element in labelled:
            name, value = labelled[element]
            section.named[name].add(value)
        elif element.tag == "a":
            _contact(element, section, url)
    return sections


def _contact(anchor: lxml.html.HtmlElement, section: _Section, url: str) -> None:
    href = str(anchor.get("href", "")).strip()
    scheme, _, rest = href.partition(":")
    if scheme.lower() == "mailto" and "@" in rest:
        section.named["mail"].add(rest.partition("?")[0].strip().lower())
    elif scheme.lower() == "tel":
        section.named["phone"].add(line(element_lines(anchor)) or rest)
    elif _BOOK.match(line(element_lines(anchor))):
        address = _joined(url, href)
        if address.startswith(("http://", "https://")):
            section.named["booking_url"].add(address)


def _labelled(main: lxml.html.HtmlElement) -> dict[lxml.html.HtmlElement, tuple[RecordField, str]]:
    """Elements with a label, what it means and the value beside it: rows of two cells, lists of terms.

    In the text such a label then stands before its value, "Alter: ab 4 Jahren", as it looks on the page.
    """
    found: dict[lxml.html.HtmlElement, tuple[RecordField, str]] = {}
    for element in main.iter("dl", "tr"):
        cells = [each for each in element if each.tag in ("td", "th", "dt", "dd")]
        if element.tag == "tr" and len(cells) != 2:
            continue
        for first, second in pairwise(cells):
            label = line(element_lines(first)).rstrip(" :")
            name = likely_field(label)
            if first.tag == "dd" or second.tag == "dt" or name not in _LABELLED or len(label) > _MAX_LABEL:
                continue
            if value := element_lines(second):
                found[first] = (name, value)
    for first in found:
        for child in list(first):
            child.drop_tag()
        if not line(first.text or "").endswith(":"):
            first.text = f"{line(first.text or '')}:"
        if first.tag == "dt":
            first.addprevious(etree.Element("br"))
            first.getnext().tag = "td"
            first.tag = "td"
    return found


def _level(element: lxml.html.HtmlElement) -> int:
    """1 for ``h1`` …, 7 for what is no heading by its name (``summary``)."""
    return HEADINGS.index(element.tag) + 1 if element.tag in HEADINGS else 7


def _anchor(head: lxml.html.HtmlElement, within: Mapping[lxml.html.HtmlElement, int]) -> str:
    """The id of a heading, of an anchor in it, or of the container that is its own; none that merely counts."""
    inside = (str(each.get("id") or each.get("name") or "") for each in head.iter("a"))
    found = [str(head.get("id", "")), *inside]
    for parent in head.iterancestors():
        if parent.tag in ("main", "body", "html") or within[parent] > 1:
            break
        found.append(str(parent.get("id", "")))
    return next((name for name in found if name and not re.search(r"\s", name) and not _BY_PLACE.fullmatch(name)), "")


def _slug(title: str) -> str:
    """The words of a heading as they may stand in an address.

    >>> _slug("Kräuter & Küche: für Große")
    'kraeuter-kueche-fuer-grosse'
    """
    return re.sub(r"[^\w]+", "-", title.lower().translate(_TRANSLIT)).strip("-")[:80] or "ohne-titel"


def _joined(url: str, href: str) -> str:
    try:
        return urljoin(url, href) if href else ""
    except ValueError:
        return ""
