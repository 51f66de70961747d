"""The links of a page by where they stand: those of menus and those that lead to offers stand apart."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote, urlsplit

import lxml.html

from harvesters.fetch.client import Fetched
from harvesters.formats.html_selectors import links
from harvesters.formats.pages import joined, page_of
from harvesters.formats.text import line
from harvesters.source import undescribed
from schemas.harvest import Access, AccessKind

TELLING: Final = re.compile(
    r"(?i)veranstalt|termin|angebot|event|kalend|programm|kurs|f(?:ü|ue)hrung|workshop|mitmach|kita|kinder|vorschul"
)
"""Words of addresses and classes that may lead to offers."""
_NO_PAGE: Final = re.compile(r"(?i)\.(?:pdf|docx?|xlsx?|zip|jpe?g|png|gif|webp|svg|mp3|mp4|ics|css|js|xml|rss)$")
_LEAFLET: Final = re.compile(r"(?i)\.pdf$")
_ASIDE: Final = frozenset(("nav", "header", "footer", "aside"))
_ASIDE_CLASS: Final = re.compile(r"(?i)nav|menu|footer|header|breadcrumb|social|cookie|sidebar")
_SAFE: Final = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]{0,60}")
_SAFE_HREF: Final = re.compile(r"[\w./?=&%:;,+~-]{2,200}")
_MORE: Final = re.compile(r"(?i)(?:mehr|weiter|details|zum|zur|ansehen|info)")
_MAX_LINKS: Final = 3_000
_LEVELS: Final = 3


@dataclass(slots=True)
class Group:
    """Links that stand alike in a page."""

    selector: str
    """CSS selector that finds them."""
    addresses: list[str]
    """Where they lead, each once."""
    aside: bool
    """Whether they stand in a menu, a header or a footer."""
    telling: bool
    """Whether one of them sounds like offers."""
    hrefs: list[str] = field(default_factory=list)
    """As they are written, one for each of ``addresses``."""
    prose: bool = True
    """Whether all of them stand in the middle of sentences."""


def is_page(address: str, listing: str) -> bool:
    """Whether ``address`` may be another page of the site that has ``listing``.

    >>> is_page("https://m.example/wald", "https://m.example/kita"), is_page("https://m.example/a.pdf", "https://m.example/")
    (True, False)
    """
    path = urlsplit(address).path
    other = address.split("#")[0] != listing.split("#")[0]
    return _same_host(address, listing) and other and path not in ("", "/") and not _NO_PAGE.search(path)


def is_leaflet(address: str, listing: str) -> bool:
    """Whether ``address`` is a PDF of the site that has ``listing``."""
    return _same_host(address, listing) and _LEAFLET.search(urlsplit(address).path) is not None


def _same_host(address: str, listing: str) -> bool:
    parts = urlsplit(address)
    return parts.hostname == urlsplit(listing).hostname and parts.scheme in ("http", "https")


def groups(page: Fetched, wanted: Callable[[str, str], bool] = is_page) -> list[Group]:
    """The page's ``wanted`` links by where they stand, the most promising group first."""
    source = undescribed(Access(kind=AccessKind.STRUCTURED, start=(page.url,)))
    root = page_of(page.content, source, page.charset)
    if root is None:
        return []
    found: dict[str, Group] = {}
    for number, anchor in enumerate(root.iter("a")):
        if number >= _MAX_LINKS:
            break
        address = joined(page.url, str(anchor.get("href", "")))
        if not address or not wanted(address, page.url):
            continue
        selector = _selector_of(anchor)
        group = found.get(selector)
        if group is None:
            aside = (
                any(parent.tag in _ASIDE for parent in anchor.iterancestors())
                or _ASIDE_CLASS.search(selector) is not None
            )
            found[selector] = group = Group(selector, [], aside, False)
        if address not in group.addresses[:200]:
            group.addresses.append(address)
            group.hrefs.append(str(anchor.get("href", "")).strip())
        group.prose = group.prose and _in_prose(anchor)
        group.telling = group.telling or TELLING.search(f"{selector} {unquote(urlsplit(address).path)}") is not None
    alike = [group for group in found.values() if links(page.content, group.selector, source=source, url=page.url)]
    return sorted(alike, key=lambda group: (group.aside, not group.telling, -len(group.addresses)))


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


def next_of(page: Fetched) -> str | None:
    """CSS selector of the link to the next listing page."""
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


def by_folder(whole: Group) -> list[Group]:
    """The links of a group by the folder they lead to, where there are several: menus and offers may stand alike."""
    folders: dict[str, list[int]] = {}
    for number, href in enumerate(whole.hrefs):
        folders.setdefault(href.rpartition("/")[0], []).append(number)
    parts = [
        replace(
            whole,
            selector=f'{whole.selector}[href^="{folder}/"]',
            addresses=[whole.addresses[number] for number in numbers],
            telling=TELLING.search(unquote(folder)) is not None,
        )
        for folder, numbers in folders.items()
        if len(folders) > 1 and _SAFE_HREF.fullmatch(folder)
    ]
    return sorted(parts, key=lambda part: (not part.telling, -len(part.addresses))) or [whole]
