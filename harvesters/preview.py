"""What does this file or address offer? Reads it once, described or by trying every format; stores nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from harvesters.catalogues import Listing, at_portal, catalogue_in, current, described_in
from harvesters.fetch.client import Client, Fetched, FetchSettings
from harvesters.fetch.trouble import NOT_LISTED
from harvesters.formats.by_kind import CATALOGUES, GUESSES, HEAD, PARSERS, is_certain
from harvesters.formats.records import Parsed
from harvesters.normalise.record import normalise
from harvesters.parts import divided
from harvesters.problems import ReadError
from harvesters.signs import GUESSED, is_list_of_offers, no_offers
from harvesters.source import undescribed
from schemas.clock import local
from schemas.harvest import Access, AccessKind, Issue, Record, Source
from schemas.identifiers import offer_id
from schemas.offer import Offer


@dataclass(frozen=True, slots=True)
class Preview:
    """What was found."""

    format: str
    """Format module that read it."""
    offers: list[Offer]
    """Offers as they would be held after a first harvest, with evidence per field."""
    issues: list[Issue]
    """What was not understood."""


def preview(
    path_or_url: str,
    *,
    base_url: str | None = None,
    source: Source | None = None,
    settings: FetchSettings,
    now: datetime,
) -> Preview:
    """The offers in a local file or behind an address.

    ``base_url`` is the address that a file came from, for its relative links; ``source`` describes how to read it. A
    local file needs no network. A dataset of an open-data portal is followed to its file; a portal or catalogue gives
    no offers but an Issue for each dataset that could hold some. Raises ``ReadError`` where nothing can be read, saying
    what was tried.
    """
    client = Client(settings)
    page = _page(path_or_url, base_url, source, client)
    online = "://" in path_or_url[:10]
    if source is None:
        portal = at_portal(page, client, now=now) if online else described_in(page, path_or_url, now)
        if isinstance(portal, Listing):
            return Preview(portal.format, [], portal.issues())
        if portal is not None:
            source, page = undescribed(portal.access), portal.answer
    elif online and source.access.kind in CATALOGUES and catalogue_in(page, now) is not None:
        page = client.get(current(source, client, now).file.url, source=source.name)
    if source is None:
        source, found_by, parsed = _try_all(page, now, shown=path_or_url)
    else:
        parse = PARSERS[source.access.kind]
        parsed = parse(page.content, source=source, url=page.url, fetched_at=now, charset=page.charset)
        found_by = parsed.records[0].format if parsed.records else source.access.kind.value
    return understood(source, found_by, divided(parsed.records), parsed.issues, now=now)


def understood(
    source: Source, found_by: str, records: Sequence[Record], issues: Sequence[Issue], *, now: datetime
) -> Preview:
    """``records`` normalised as a first harvest would."""
    found = list(issues)
    offers: list[Offer] = []
    for record in records:
        normalised = normalise(record, source, today=local(now).date())
        found.extend(normalised.issues)
        offer = normalised.offer
        offers.append(
            Offer(
                **dict(offer.fields),
                id=offer_id(record.origin.source, record.origin.key, record.origin.part),
                region=source.region,
                sources=(offer.origin,),
                rights=offer.rights,
                provenance=offer.provenance,
                first_seen=now,
                last_seen=now,
            )
        )
    return Preview(found_by, offers, found)


def _page(path_or_url: str, base_url: str | None, source: Source | None, client: Client) -> Fetched:
    """What is to be read, from the network or as if it came from there."""
    name = source.name if source else "preview"
    if "://" in path_or_url[:10]:
        if source is not None and client.settings.excluded.stops(source):
            raise ReadError(name, path_or_url, "fetch.excluded", *NOT_LISTED)
        fetched = client.get(path_or_url, source=name)
        return replace(fetched, url=base_url or fetched.url)
    path = Path(path_or_url)
    try:
        if path.stat().st_size > client.settings.max_decoded_bytes:
            raise ReadError(name, path_or_url, "preview.too_large", "Die Datei ist zu groß.", "Bitte aufteilen.")
        content = path.read_bytes()
    except OSError as error:
        raise ReadError(
            name, path_or_url, "preview.unreadable", f"Die Datei ist nicht lesbar ({error.strerror}).", "Pfad prüfen."
        ) from error
    address = base_url or (source.access.start[0] if source else f"https://preview.invalid/{path.name}")
    return Fetched(address, 200, content)


def _try_all(page: Fetched, now: datetime, *, shown: str) -> tuple[Source, str, Parsed]:
    content = page.content
    if not content.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise ReadError(
            "preview", shown, "preview.empty", "Die Datei ist leer.", "Bitte prüfen, ob sie ganz heruntergeladen wurde."
        )
    reasons: list[str] = []
    empty: tuple[Source, str, Parsed] | None = None
    for kind, plausible in GUESSES:
        if not plausible(content[:HEAD]):
            continue
        source = _undescribed(kind, page.url)
        try:
            parsed = PARSERS[kind](content, source=source, url=page.url, fetched_at=now, charset=page.charset)
        except ReadError as error:
            if is_certain(kind, error):
                raise ReadError("preview", shown, error.rule, error.happened, error.remedy) from error
            reasons.append(f"als {kind.value}: {error.happened}")
            continue
        if parsed.records:
            if parsed.records[0].format in GUESSED:
                if not is_list_of_offers(parsed.records, now):
                    raise no_offers(shown)
                parsed = replace(parsed, issues=(_undescribed_hint(shown), *parsed.issues))
            return source, parsed.records[0].format, parsed
        if is_certain(kind):
            return source, kind.value, _said_to_be_empty(parsed, kind.value, shown)
        reasons.extend(f"als {kind.value}: {issue.message}" for issue in parsed.issues[:2] if issue.message)
        empty = empty or (source, kind.value, parsed)
    if empty is not None and not reasons:
        source, found_by, parsed = empty
        return source, found_by, _said_to_be_empty(parsed, found_by, shown)
    happened = (
        f"Kein Angebot gefunden ({' '.join(dict.fromkeys(reasons))})." if reasons else "Das Format ist unbekannt."
    )
    raise ReadError(
        "preview",
        shown,
        "preview.nothing",
        happened,
        "Bitte eine Quellenbeschreibung mit --source angeben; harvesters/README.md zeigt, wie sie aussieht.",
    )


def _said_to_be_empty(parsed: Parsed, found_by: str, shown: str) -> Parsed:
    """``parsed``, which holds no offer, with an Issue that says so where none says why."""
    if parsed.issues:
        return parsed
    issue = Issue(
        field="source",
        wording="",
        rule="preview.no_offers",
        where=shown,
        message=f"Als {found_by} lesbar, aber ohne ein einziges Angebot.",
        remedy="Ist die Quelle gerade leer, ist nichts zu tun; sonst bitte die Adresse prüfen.",
    )
    return replace(parsed, issues=(issue,))


def _undescribed(kind: AccessKind, url: str) -> Source:
    start = url if url.startswith(("http://", "https://")) else "https://preview.invalid/"
    return undescribed(Access(kind=kind, start=(start,)))


def _undescribed_hint(shown: str) -> Issue:
    return Issue(
        field="source",
        wording="",
        rule="preview.undescribed",
        where=shown,
        message="Ohne Quellenbeschreibung gelesen: Was welche Spalte bedeutet, ist geraten.",
        remedy="Ist es eine Liste von Angeboten, bitte mit --source beschreiben; sonst sind dies keine Angebote.",
    )
