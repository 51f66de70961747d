"""Open-data portals: from the address of a dataset, of its description or of a whole portal to the file with offers.

A source of the kinds ``ckan`` and ``dcat`` reads one dataset. Portals give a file a new address with every upload, so
each run asks the portal first and then reads the file that it names today; which format was read stays as described, so
that no run silently turns to other keys. A portal as a whole holds no offers: it lists datasets, of which some may.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from harvesters.fetch.client import Client, Fetched
from harvesters.formats import ckan, dcat
from harvesters.formats.by_kind import HEAD, INTERFACE, PARSERS
from harvesters.formats.datasets import Catalogue, Dataset, Distribution, promising
from harvesters.formats.licences import licence_uri
from harvesters.formats.pages import joined, page_of
from harvesters.formats.records import Origin
from harvesters.problems import ReadError, problem, without_secret
from harvesters.signs import GUESSED, is_list_of_offers, no_offers
from harvesters.source import undescribed
from schemas.harvest import Access, AccessKind, Issue, Source

SEARCHED: Final = ("veranstaltungen", "kinder", "kita", "kalender", "familie")
"""Words for which a whole portal is searched."""
MAX_PAGES: Final = 3
"""Most pages of a catalogue or a search that are looked at to list its datasets."""
_ROWS: Final = 50
_MAX_FORMATS: Final = 3
_MAX_NAMED: Final = 5
_MAX_LISTED: Final = 20
_DOUBTFUL: Final = GUESSED | {"pdf"}
"""Formats in which portals keep everything; a calendar or feed is one."""
_JSON: Final = "application/json, */*;q=0.5"
_RDF: Final = ("text/turtle", "application/rdf+xml", "application/ld+json")
_RDF_ENDINGS: Final = (".ttl", ".rdf", ".jsonld")
_ASK_PORTAL: Final = "Bitte die Seite des Datensatzes im Browser öffnen und dort nachsehen; sonst das Portal fragen."


# -- one dataset ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Current:
    """The file that a dataset offers today."""

    dataset: Dataset
    file: Distribution
    issues: tuple[Issue, ...] = ()

    def trouble(self, error: ReadError) -> ReadError:
        """``error`` about the file, with what it is a file of."""
        happened = f"{error.happened} Gemeint ist eine Datei des Datensatzes „{self.dataset.title}“."
        return ReadError(error.source, error.address, error.rule, happened, _ASK_PORTAL)


def current(source: Source, client: Client, now: datetime, go_on: Callable[[], bool] = lambda: True) -> Current:
    """The file that ``source`` means today, by what its portal says; before each further page ``go_on`` is asked.

    Raises ``ReadError`` where the portal does not answer or refuses, and where dataset or file is not to be found.
    """
    access = source.access
    asked = access.start[0]
    dataset, issues = _asked(source, client, now, go_on)
    choices = dataset.choices(access.distribution)
    if not choices:
        raise _no_file(source.name, asked, dataset, access.distribution)
    file = choices[0]
    stated, given = (*dataset.licences, *file.licences), source.rights
    if stated and given.licence and dataset.rights(file).licence != (licence_uri(given.licence) or given.licence):
        issues += (
            problem(
                source.name, asked, field="source", rule="dataset.licence", wording=", ".join(stated),
                message="Das Portal nennt für den Datensatz eine andere Lizenz als die Quelle.",
                remedy="Bitte nachsehen und die Rechte der Quelle anpassen.",
            ),
        )  # fmt: skip
    return Current(dataset, file, issues)


def _asked(
    source: Source, client: Client, now: datetime, go_on: Callable[[], bool]
) -> tuple[Dataset, tuple[Issue, ...]]:
    access = source.access
    asked: str | None = access.start[0]
    wanted, accept = access.dataset, dcat.ACCEPT
    if access.kind is AccessKind.CKAN:
        shown = ckan.show_address(access.start[0])
        asked, accept = (shown[0] if shown else access.start[0]), _JSON
    visited: set[str] = set()
    while asked is not None and asked not in visited and len(visited) < access.max_pages:
        visited.add(asked)
        fetched = client.get(asked, source=source.name, accept=accept)
        origin = Origin(source, fetched.url, now, access.kind.value)
        parse = ckan.parse if access.kind is AccessKind.CKAN else dcat.parse
        page = parse(fetched.content, origin, fetched.charset)
        found = page.find(wanted)
        if found is not None:
            return found, page.issues
        if wanted is None and len(page.datasets) > 1:
            raise ReadError(
                source.name, access.start[0], "dataset.several",
                f"Dort stehen {len(page.datasets)} Datensätze, und die Quelle sagt nicht, welcher gemeint ist.",
                "Bitte access.dataset auf die Kennung des Datensatzes setzen oder dessen eigene Adresse nehmen.",
            )  # fmt: skip
        asked = page.next if page.next and _same_host(page.next, fetched.url) else None
        if not go_on():
            break
    if asked is not None and asked not in visited:
        raise ReadError(
            source.name, access.start[0], "dataset.not_found",
            f"Auf den ersten {len(visited)} Seiten des Verzeichnisses steht der Datensatz nicht.",
            "Bitte die Adresse des Datensatzes selbst nehmen, oder access.max_pages erhöhen.",
        )  # fmt: skip
    raise ReadError(
        source.name, access.start[0], "dataset.gone", "Das Portal nennt den Datensatz nicht mehr.",
        "Bitte im Portal nachsehen, ob er umbenannt oder gelöscht wurde.",
    )  # fmt: skip


def _same_host(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc


def _no_file(source: str, address: str, dataset: Dataset, only: str | None = None) -> ReadError:
    among = f" „{only}“" if only else " in einem Format, das wir lesen (iCal, CSV, XLSX, JSON, GeoJSON, RSS, PDF)"
    happened = f"Der Datensatz {dataset.described} hat keine Datei{among}."
    return ReadError(source, address, "dataset.no_file", happened, _ASK_PORTAL)


# -- what an address is -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """A portal or catalogue: datasets of which some may hold offers."""

    address: str
    format: str
    candidates: tuple[Dataset, ...]
    """Those that sound like offers, the most promising first; nobody has looked into them."""
    seen: int
    """How many were looked at."""
    total: int | None
    """How many the address lists, by what the portal says there."""
    only: Dataset | None = None
    """The dataset, where the whole describes just one."""

    @classmethod
    def of(cls, address: str, form: str, pages: list[Catalogue]) -> "Listing":
        """What ``pages`` list, each dataset once."""
        datasets = {each.key: each for page in pages for each in page.datasets}
        return cls(address, form, tuple(promising(datasets.values())), len(datasets), pages[0].total)

    @property
    def told(self) -> str:
        """What it is."""
        if self.only is not None:
            return f"Das ist die Beschreibung des Datensatzes {self.only.described}, keine Datei mit Angeboten."
        if not self.seen:
            return "Das ist die Auskunft eines Open-Data-Portals, die keinen Datensatz nennt."
        among = f" (angesehen wurden {self.seen} von {self.total})" if (self.total or 0) > self.seen else ""
        if not self.candidates:
            return f"Das ist ein Verzeichnis von Datensätzen{among}; keiner davon klingt nach Angeboten."
        number = len(self.candidates)
        some = "einer davon könnte" if number == 1 else f"{number} davon könnten"
        return f"Das ist ein Verzeichnis von Datensätzen{among} und selbst kein Angebot; {some} welche enthalten."

    def error(self) -> ReadError:
        """The same for the desk, with the first candidates and their addresses."""
        named = "; ".join(f"„{each.title[:80]}“ {_address(each)}" for each in self.candidates[:_MAX_NAMED])
        happened = f"{self.told} Vielleicht: {named}." if named else self.told
        return ReadError("preview", self.address, "catalogue.listed", happened, self._remedy)

    def issues(self) -> list[Issue]:
        """The candidates one by one, and what the whole is."""
        rule = "catalogue.listed" if self.only is None else "dataset.described"
        found = [
            problem(
                "preview", self.address, field="source", rule="catalogue.candidate", wording=_address(each),
                message=f"Könnte Angebote enthalten: {each.described}.",
                remedy="Bitte diese Adresse ansehen; was darin steht, zeigt erst das Lesen.",
            )
            for each in self.candidates[:_MAX_LISTED]
            if self.only is None
        ]  # fmt: skip
        whole = problem("preview", self.address, field="source", rule=rule, message=self.told, remedy=self._remedy)
        return [*found, whole]

    @property
    def _remedy(self) -> str:
        if self.only is not None:
            if not (files := self.only.choices()):
                return "Bitte einen anderen Datensatz nehmen."
            return f"Die beste Datei darin ist {without_secret(files[0].url)}."
        if self.candidates:
            return "Bitte die Adresse eines der Datensätze einfügen."
        return "Bitte dort selbst nach Veranstaltungen suchen und die Adresse eines Datensatzes einfügen."


@dataclass(frozen=True, slots=True)
class FoundDataset:
    """A dataset with offers."""

    access: Access
    """How it is read."""
    dataset: Dataset
    file: Distribution
    answer: Fetched
    """The file, as it was read."""


def catalogue_in(page: Fetched, now: datetime) -> tuple[str, Catalogue] | None:
    """The catalogue that ``page`` is, with its format; ``None`` for anything else. Raises ``ReadError`` as they do."""
    for form, matches, parse in (
        (ckan.FORMAT, ckan.is_answer(page.content, page.url), ckan.parse),
        (dcat.FORMAT, dcat.is_catalogue(page.content), dcat.parse),
    ):
        if matches:
            return form, parse(page.content, _origin(form, page.url, now), page.charset)
    return None


def described_in(page: Fetched, shown: str, now: datetime) -> Listing | None:
    """What a file lists that is a catalogue; without a network nothing is followed."""
    found = catalogue_in(page, now)
    if found is None:
        return None
    form, catalogue = found
    return replace(Listing.of(shown, form, [catalogue]), only=catalogue.find(None))


def at_portal(page: Fetched, client: Client, *, now: datetime) -> FoundDataset | Listing | None:
    """What ``page`` is to an open-data portal: a dataset with offers, or a list of datasets; ``None``: nothing.

    Raises ``ReadError`` with what the dataset is where it holds no offers.
    """
    found = catalogue_in(page, now)
    if found is not None:
        form, catalogue = found
        dataset = catalogue.find(None)
        if dataset is not None and (form == dcat.FORMAT or ckan.show_address(page.url) is not None):
            return _with_offers(form, page.url, dataset, None, client, now)
        return _listing(form, page.url, catalogue, client, now)
    for address, file in _described_at(page):
        described = _try(address, client, now)
        if described is not None and (dataset := described[1].find(None)) is not None:
            return _with_offers(described[0], address, dataset, file, client, now)
    listing = _listing(ckan.FORMAT, page.url, Catalogue(), client, now) if _is_ckan(page) else None
    return listing if listing and listing.seen else None


def _try(address: str, client: Client, now: datetime) -> tuple[str, Catalogue] | None:
    """The catalogue at ``address``; what cannot be read is none."""
    try:
        fetched = client.get(address, source="preview", accept=_JSON if "/action/" in address else dcat.ACCEPT)
        return catalogue_in(fetched, now)
    except ReadError:
        return None


def _described_at(page: Fetched) -> Iterator[tuple[str, str | None]]:
    """Where the dataset of a page for people is described for machines, and the file that the page is about."""
    root = page_of(page.content, undescribed(Access(kind=AccessKind.DCAT, start=(page.url,))), page.charset)
    if root is None:
        return
    links = [(str(each.get("href", "")), str(each.get("type", "")).lower()) for each in root.iter("link", "a")]
    shown = ckan.show_address(page.url)
    named = [href for href, _ in links if "/action/package_show?" in href]
    typed = [href for href, kind in links if kind in _RDF]
    ending = [href for href, _ in links if href.lower().partition("?")[0].endswith(_RDF_ENDINGS)]
    for href in named[:1]:
        if (address := joined(page.url, href)) is not None:
            yield address, shown[1] if shown else None
    if shown is not None:
        yield shown
    for href in [*typed, *ending][:1]:
        if (address := joined(page.url, href)) is not None:
            yield address, None


def _is_ckan(page: Fetched) -> bool:
    head = page.content[:HEAD].lower()
    return b'name="generator" content="ckan' in head or b"data-site-root=" in head


def _with_offers(
    form: str, address: str, dataset: Dataset, file: str | None, client: Client, now: datetime
) -> FoundDataset:
    """How the dataset is read: the best file that can be had and holds offers. Raises ``ReadError`` where none does."""
    best = {each.format: each for each in reversed(dataset.choices(file))}
    tried = sorted(best.values(), key=dataset.choices(file).index)[:_MAX_FORMATS]
    if not tried:
        raise _no_file("preview", address, dataset)
    reasons: list[ReadError] = []
    for each in tried:
        access = Access(
            kind=AccessKind(form),
            start=(ckan.by_key(address, dataset.key) if form == ckan.FORMAT else address,),
            dataset=dataset.key if form == dcat.FORMAT else None,
            distribution=file or each.format,
        )
        try:
            answer = _with_records(each, access, client, now)
        except ReadError as error:
            reasons.append(error)
            continue
        return FoundDataset(access, dataset, each, answer)
    raise _nothing_in(dataset, address, reasons)


def _nothing_in(dataset: Dataset, address: str, reasons: list[ReadError]) -> ReadError:
    """Why a dataset gives no offers: it is read otherwise, its files hold others, or cannot be had."""
    for reason in reasons:
        if reason.rule == INTERFACE:
            return reason
    read = [reason for reason in reasons if not reason.rule.startswith("fetch.")]
    if not read:
        happened = f"Die Datei des Datensatzes {dataset.described} ist nicht zu bekommen. {reasons[0].happened}"
        return ReadError("preview", address, reasons[0].rule, happened, _ASK_PORTAL)
    return ReadError(
        "preview",
        address,
        "dataset.no_offers",
        f"Der Datensatz {dataset.described} enthält keine Angebote. {read[0].happened}",
        "Zahlen, Orte und Pläne sind keine Angebote. Sind es doch welche, laden Sie die Tabelle bitte hoch; dort lässt "
        "sich sagen, was welche Spalte bedeutet.",
    )


def _with_records(file: Distribution, access: Access, client: Client, now: datetime) -> Fetched:
    """The file, where it holds offers; raises ``ReadError`` else."""
    answer = client.get(file.url, source="preview")
    parse = PARSERS[access.kind]
    parsed = parse(answer.content, source=undescribed(access), url=answer.url, fetched_at=now, charset=answer.charset)
    doubtful = parsed.records and parsed.records[0].format in _DOUBTFUL
    if not parsed.records or (doubtful and not is_list_of_offers(parsed.records, now)):
        raise no_offers(file.url)
    return answer


def _listing(form: str, address: str, first: Catalogue, client: Client, now: datetime) -> Listing:
    """What the portal lists, by its own search where it has one, else page by page."""
    pages = [first]
    for asked in ckan.search_addresses(address, SEARCHED, _ROWS) if form == ckan.FORMAT else ():
        if (found := _try(asked, client, now)) is not None:
            pages.append(found[1])
    if len(pages) == 1:
        seen = {each.key for each in first.datasets}
        while len(pages) < MAX_PAGES and (following := pages[-1].next) and _same_host(following, address):
            found = _try(following, client, now)
            if found is None or not {each.key for each in found[1].datasets} - seen:
                break
            seen |= {each.key for each in found[1].datasets}
            pages.append(found[1])
    return Listing.of(address, form, pages)


def _address(dataset: Dataset) -> str:
    return dataset.page or (dataset.key if dataset.key.startswith("http") else "")


def _origin(form: str, url: str, now: datetime) -> Origin:
    start = url if url.startswith(("http://", "https://")) else "https://preview.invalid/"
    return Origin(undescribed(Access(kind=AccessKind(form), start=(start,))), url, now, form)
