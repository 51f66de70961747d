"""A bounded look at a source before it is switched on: what would a harvest bring, what would it change?

``try_address`` finds out how an address can be read (``discover``), ``try_source`` reads a described source. Both pass
the real gate of ``fetch``, ask for at most ``MAX_REQUESTS`` pages and write nothing but what the hosts' ledger
remembers of manners.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from harvesters.discover import discover
from harvesters.feeds import is_feed, read_feed
from harvesters.fetch.client import NO_VALIDATORS, Client, Fetched, FetchSettings, Validators
from harvesters.fetch.ledger import Ledger
from harvesters.fetch.trouble import NOT_LISTED
from harvesters.formats.by_kind import PARSERS
from harvesters.formats.datasets import Dataset, Distribution
from harvesters.formats.html_selectors import links
from harvesters.formats.main_content import house_of
from harvesters.formats.pages import page_of
from harvesters.formats.records import Origin, one_per_identity
from harvesters.normalise.persons import MAIL, is_personal_mail
from harvesters.normalise.text import clean_line
from harvesters.parts import divided
from harvesters.preview import Preview, understood
from harvesters.problems import ReadError
from harvesters.sitemaps import walk
from harvesters.source import undescribed
from schemas.harvest import Access, AccessKind, Issue, Record, Source
from schemas.offer import Rights, SourceKey
from schemas.store.harvest import KnownOffer, fingerprint

MAX_REQUESTS: Final = 30
"""Most requests of one look, robots.txt apart."""
MAX_PAGES: Final = 5
"""Most pages of offers, or pages of a feed, that one look reads."""
MAX_UNDERSTOOD: Final = 300
"""Most Records that are understood for a preview."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a look at a source brought."""

    source: Source
    """The source, with the way of access that works."""
    title: str
    """What the page at the address that was pasted calls itself; empty for a described source."""
    records: tuple[Record, ...]
    """What was read."""
    preview: Preview
    """The first ``MAX_UNDERSTOOD`` of them, understood."""
    whole: bool
    """Whether that is all there is; else pages were left out."""
    requests: int
    """How many requests it took, robots.txt apart."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a harvest would do with the offers that are stored."""

    new: int = 0
    """Identities that are not stored."""
    changed: int = 0
    """Those whose Record differs, or that would come back."""
    unchanged: int = 0
    """Those that are stored as they are."""
    vanished: int | None = None
    """Those that are stored and were not shown; ``None`` where not everything was read."""


def try_address(address: str, proposed: Source, *, settings: FetchSettings, ledger: Ledger, now: datetime) -> Trial:
    """A look at ``address`` with a way of access that is found out; everything else is as ``proposed`` says.

    Raises ``ReadError`` with a German sentence and a remedy where nothing can be read.
    """
    reader = _Reader(settings, ledger)
    found = discover(address, reader, now=now)
    source = proposed.model_copy(update={"access": found.access})
    if found.dataset is None:
        return _tried(source, _title_of(found.page), reader, now)
    trial = _tried(_of_dataset(source, found.dataset, found.file), found.dataset.title, reader, now)
    if source.provider or any(record.words.get("provider") for record in trial.records):
        return trial
    return replace(trial, source=trial.source.model_copy(update={"provider": found.dataset.publisher[:200] or None}))


def _of_dataset(source: Source, dataset: Dataset, file: Distribution | None) -> Source:
    """``source`` with what its portal says of it, where nothing else is known: page, an office's address, rights."""
    office = MAIL.fullmatch(dataset.contact) is not None and not is_personal_mail(dataset.contact)
    return source.model_copy(
        update={
            "homepage": source.homepage or dataset.page[:2000] or None,
            "contact": source.contact or (dataset.contact if office else None),
            "rights": dataset.rights(file) if source.rights == Rights() else source.rights,
        }
    )


def try_source(source: Source, *, settings: FetchSettings, ledger: Ledger, now: datetime) -> Trial:
    """A look at a described source. Raises ``ReadError`` where nothing can be read, or may be."""
    if settings.excluded.stops(source):
        raise ReadError(source.name, source.access.start[0], "fetch.excluded", *NOT_LISTED)
    return _tried(settings.excluded.allowed(source), "", _Reader(settings, ledger), now)


def difference(known: Mapping[SourceKey, KnownOffer], records: Sequence[Record], *, whole: bool) -> Difference:
    """What a harvest of ``records`` would do where ``known`` is stored. Pure; whether a gate holds it is not said."""
    shown = {record.origin: fingerprint(record) for record in records}
    there = {key: offer for key, offer in known.items() if offer.present and not offer.withdrawn}
    same = sum(key in there and there[key].fingerprint == words for key, words in shown.items())
    new = sum(key not in known for key in shown)
    return Difference(
        new=new,
        changed=len(shown) - new - same,
        unchanged=same,
        vanished=len(there.keys() - shown.keys()) if whole else None,
    )


def _tried(source: Source, title: str, reader: "_Reader", now: datetime) -> Trial:
    if is_feed(source):
        records, issues, whole = _feed(source, reader, now)
    else:
        records, issues, whole = _pages(source, reader, now)
    if not records:
        told = next((issue for issue in issues if issue.message), None)
        raise ReadError(
            source.name,
            source.access.start[0],
            told.rule if told else "preview.no_offers",
            (told.message if told and told.message else "") or "Es ist lesbar, aber ohne ein einziges Angebot.",
            (told.remedy if told and told.remedy else "")
            or "Ist die Quelle gerade leer, ist nichts zu tun; sonst bitte die Adresse prüfen.",
        )
    found = understood(source, records[0].format, records[:MAX_UNDERSTOOD], issues, now=now)
    return Trial(source, title, records, found, whole, reader.requests)


def _title_of(page: Fetched) -> str:
    if b"<" not in page.content[:20_000] or page.content.startswith(b"%PDF"):
        return ""
    root = page_of(page.content, undescribed(Access(kind=AccessKind.STRUCTURED, start=(page.url,))), page.charset)
    return "" if root is None else clean_line(house_of(root), 200)


def _feed(source: Source, reader: "_Reader", now: datetime) -> tuple[tuple[Record, ...], tuple[Issue, ...], bool]:
    pages = min(source.access.max_pages, MAX_PAGES)
    bounded = source.model_copy(update={"access": source.access.model_copy(update={"max_pages": pages})})
    result = read_feed(bounded, reader, now=now, apart=False).result  # a look is in a child already
    expected = tuple(issue for issue in result.issues if issue.rule != "feeds.too_many_pages")
    return result.records, expected, result.complete


def _pages(source: Source, reader: "_Reader", now: datetime) -> tuple[tuple[Record, ...], tuple[Issue, ...], bool]:
    access, whole = source.access, True
    records: list[Record] = []
    issues: list[Issue] = []
    parse = PARSERS[access.kind]
    for start in access.start[:MAX_PAGES]:
        addresses, all_listed, found = _listed(start, source, reader, now)
        issues.extend(found)
        whole = whole and all_listed and len(addresses) <= MAX_PAGES
        for address in addresses[:MAX_PAGES]:
            try:
                page = reader.get(address, source=source.name)
                parsed = parse(page.content, source=source, url=page.url, fetched_at=now, charset=page.charset)
            except ReadError as error:
                issues.append(error.issue())
                whole = False
                continue
            records.extend(parsed.records)
            issues.extend(parsed.issues)
            whole = whole and parsed.complete
    unique, doubled = one_per_identity(Origin(source, access.start[0], now, access.kind.value), records)
    return divided(unique), (*issues, *doubled), whole and len(access.start) <= MAX_PAGES


def _listed(
    start: str, source: Source, reader: "_Reader", now: datetime
) -> tuple[tuple[str, ...], bool, tuple[Issue, ...]]:
    """Pages that ``start`` leads to, whether these are all, and what is wrong with it."""
    access = source.access
    if access.sitemap is not None:
        found = walk(start, source, reader, now=now, most=MAX_PAGES)
        return found.pages, found.complete, found.issues
    listing = reader.get(start, source=source.name)
    following = access.next and links(listing.content, access.next, source=source, url=listing.url)
    if access.follow is None:
        return (start,), not following, ()
    return links(listing.content, access.follow, source=source, url=listing.url), not following, ()


class _Reader(Client):
    """The client with a budget: every address is asked for once, and never conditionally."""

    def __init__(self, settings: FetchSettings, ledger: Ledger) -> None:
        careful = replace(
            settings,
            attempts=min(settings.attempts, 2),
            max_wait_s=min(settings.max_wait_s, 10.0),
            timeout_s=min(settings.timeout_s, 15.0),
            total_s=min(settings.total_s, 40.0),
            max_decoded_bytes=min(settings.max_decoded_bytes, 20_000_000),
        )
        super().__init__(careful, ledger)
        self._pages: dict[str, Fetched | ReadError] = {}

    @property
    def requests(self) -> int:
        """How many addresses were asked for."""
        return len(self._pages)

    def get(
        self, url: str, *, source: str, accept: str = "*/*", validators: Mapping[str, Validators] = NO_VALIDATORS
    ) -> Fetched:
        """As ``Client.get``, never conditional, from memory the second time. Raises ``ReadError`` beyond the budget."""
        if url not in self._pages:
            if len(self._pages) >= MAX_REQUESTS:
                raise ReadError(
                    source,
                    url,
                    "preview.enough",
                    "Für eine Vorschau sind das zu viele Seiten.",
                    "Es ist nichts zu tun.",
                )
            try:
                self._pages[url] = super().get(url, source=source, accept=accept)
            except ReadError as error:
                self._pages[url] = error
        answer = self._pages[url]
        if isinstance(answer, ReadError):
            raise answer
        return answer
