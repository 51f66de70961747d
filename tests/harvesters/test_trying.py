"""A look at an address: the way of access is found out, few pages are asked for, nothing is written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harvesters.fetch.ledger import MemoryLedger
from harvesters.ledger import DatabaseLedger
from harvesters.problems import ReadError
from harvesters.run import harvest
from harvesters.trying import MAX_PAGES, MAX_REQUESTS, Difference, difference, try_address, try_source
from schemas.exclusion import ExclusionKind, Exclusions, Wish
from schemas.harvest import Access, AccessKind
from schemas.store.harvest import KnownOffer, fingerprint
from schemas.vocabulary import Verdict
from tests.factories import NOW, make_key, make_record, make_source
from tests.harvesters.leaflets import column, head, leaflet, picture
from tests.harvesters.loopback import QUICK, Site, running_site

PROPOSED = make_source(
    "mv_neu", access=Access(kind=AccessKind.STRUCTURED, start=("https://neu.example/",)), trust="hold"
)
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Beispiel//DE
BEGIN:VEVENT
UID:{uid}
DTSTART;TZID=Europe/Berlin:20261201T100000
DTEND;TZID=Europe/Berlin:20261201T110000
SUMMARY:Bilderbuchkino für Kitas
DESCRIPTION:Für Kita-Gruppen ab 4 Jahren. Eintritt frei.
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.fixture
def site():
    with running_site() as running:
        yield running


def look(address: str, **settings):
    return try_address(
        address, PROPOSED, settings=replace(QUICK, attempts=1, **settings), ledger=MemoryLedger(), now=NOW
    )


def test_a_provider_who_is_not_to_be_listed_is_not_asked(site):
    source = make_source(provider="Museum", access=Access(kind=AccessKind.ICAL, start=(site.put("/a.ics", ICS),)))
    excluded = Exclusions.of([Wish(kind=ExclusionKind.PROVIDER, value="Museum e. V.")])

    with pytest.raises(ReadError) as error:
        try_source(source, settings=replace(QUICK, excluded=excluded), ledger=MemoryLedger(), now=NOW)

    assert error.value.rule == "fetch.excluded"
    assert site.asked == []


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>Haus der Natur</title>{head}</head><body>{body}</body></html>"


def event(title: str, **more: object) -> str:
    data = {"@context": "https://schema.org", "@type": "Event", "name": title, "startDate": "2026-12-01T10:00"} | more
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def listing(site: Site, number: int = 3) -> str:
    for n in range(number):
        site.put(f"/angebote/{n}.html", page(event(f"Angebot {n} für Kita-Gruppen ab 4 Jahren")))
    site.put("/impressum", page("<p>Impressum</p>"))
    items = "".join(f'<li class="angebot"><h3><a href="angebote/{n}.html">Mehr</a></h3></li>' for n in range(number))
    menu = '<nav><a href="/impressum">Impressum</a> <a href="/kontakt">Kontakt</a></nav>'
    return site.put("/kita", page(f'{menu}<main><ul class="liste">{items}</ul></main>'))


def test_a_page_with_schema_org_is_read_itself(site):
    address = site.put("/kita", page(event("Waldtag") + event("Moortag")))

    found = look(address)

    assert (found.source.access.kind, found.source.access.follow) == (AccessKind.STRUCTURED, None)
    assert [offer.title for offer in found.preview.offers] == ["Waldtag", "Moortag"]
    assert found.whole


def test_a_listing_is_followed_to_its_offers_and_not_into_the_menu(site):
    found = look(listing(site))

    assert found.source.access.start == (f"{site.base}/kita",)
    assert found.source.access.follow == "main ul.liste li.angebot a"
    assert len(found.records) == 3
    assert found.whole
    assert "/impressum" not in [path for path, _ in site.asked]


def test_of_a_long_listing_a_few_pages_are_read(site):
    found = look(listing(site, 60))

    assert len(found.records) == MAX_PAGES
    assert not found.whole
    assert len(site.asked) <= MAX_REQUESTS + 1


def test_a_calendar_that_the_page_names_is_found(site):
    site.put("/termine.ics", ICS.format(uid="1"))
    address = site.put(
        "/", page("<p>Willkommen</p>", '<link rel="alternate" type="text/calendar" href="/termine.ics">')
    )

    found = look(address)

    assert found.source.access == Access(kind=AccessKind.ICAL, start=(f"{site.base}/termine.ics",))
    assert found.preview.offers[0].title == "Bilderbuchkino für Kitas"


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/a.ics", ICS.format(uid="1"), AccessKind.ICAL),
        ("/a.csv", "Titel;Beschreibung;Alter\nWaldtag;Für Kitas;ab 4 Jahren\n", AccessKind.CSV),
        ("/a.json", json.dumps({"angebote": [{"titel": "Waldtag", "beschreibung": "Für Kitas"}]}), AccessKind.JSON),
        ("/a.pdf", leaflet(column(57, 90, head("Waldtag"), "Für Kitas am 24.11.2026.", leading=20)), AccessKind.PDF),
    ],
)
def test_feeds_are_known_by_what_they_hold(site, path, body, kind):
    found = look(site.put(path, body))

    assert found.source.access.kind is kind
    assert len(found.records) == 1
    assert found.source.name == "mv_neu"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("", "preview.empty"),
        ("\ufeff \r\n", "preview.empty"),
        (b"%PDF-1.7 ...", "pdf.cut_off"),
        (picture(), "pdf.scanned"),
        (b"PK\x03\x04 ...", "preview.office"),
        (b"\x89PNG\r\n", "preview.image"),
        ("Nur ein wenig Text", "preview.unknown"),
        (page("<p>Willkommen in unserem Haus</p>"), "preview.nothing"),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "preview.no_offers"),
    ],
)
def test_what_holds_no_offers_is_said_with_a_remedy(site, body, rule):
    address = site.put("/x", body)

    with pytest.raises(ReadError) as refused:
        look(address)

    assert refused.value.rule == rule
    assert refused.value.happened and refused.value.remedy


def plain(name: str) -> str:
    return (Path(__file__).parent / "pages" / f"{name}.html").read_text()


def test_a_page_without_schema_org_is_read_as_one_offer(site):
    found = look(site.put("/kita/waldtag", plain("typo3_waldtag")))

    assert found.source.access == Access(kind=AccessKind.PAGE, start=(f"{site.base}/kita/waldtag",))
    (offer,) = found.preview.offers
    assert (offer.title, offer.ages.min_months, offer.price.amount_eur) == ("Waldtag mit dem Förster", 48, 2.5)
    assert offer.kita_suitability.verdict is Verdict.YES


def test_a_listing_without_schema_org_is_followed_to_its_offers(site):
    for name in ("typo3_waldtag", "wordpress_puppen", "joomla_brandschutz"):
        site.put(f"/angebote/{name}", plain(name).replace('rel="canonical"', 'rel="self"'))
    site.put("/verein/satzung", page("<h1>Satzung</h1><p>Der Verein hat seinen Sitz in Birkenau und ist tätig.</p>"))
    items = "".join(
        f'<li><a href="/{path}">{path}</a></li>'
        for path in ("verein/satzung", "verein/vorstand", "angebote/typo3_waldtag", "angebote/wordpress_puppen",
                     "angebote/joomla_brandschutz")
    )  # fmt: skip

    found = look(site.put("/kita", page(f"<h1>Was wir tun</h1><ul>{items}</ul>")))

    assert found.source.access.kind is AccessKind.PAGE
    assert found.source.access.follow == 'li a[href^="/angebote/"]'
    assert [record.title for record in found.records] == [
        "Waldtag mit dem Förster",
        "Puppenspiel in eurer Kita",
        "Brandschutzerziehung",
    ]
    assert found.whole
    assert len(site.asked) <= MAX_REQUESTS + 1


def test_a_page_of_many_offers_is_read_section_by_section(site):
    found = look(site.put("/gruppen", plain("eine_seite")))

    assert (found.source.access.items, found.source.access.follow) == ("h3", None)
    assert [offer.title for offer in found.preview.offers] == [
        "Farben aus der Küche",
        "Der Drache im Depot",
        "Steinzeit zum Anfassen",
    ]


def test_one_offer_with_headings_of_its_own_stays_one(site):
    body = (
        "<main><h1>Waldtag für Kitas</h1><h2>Was wir erleben</h2><p>Wir bauen ein Tipi aus Ästen.</p>"
        "<h2>Für wen?</h2><p>Für Kinder ab 4 Jahren.</p><h2>Was es kostet</h2><p>3 € pro Kind</p>"
        '<p>Mehr über <a href="/wald">unseren großen alten Wald</a> und die <a href="/anfahrt">Anfahrt</a> steht dort.'
        "</p></main>"
    )

    found = look(site.put("/waldtag", page(body)))

    assert found.source.access == Access(kind=AccessKind.PAGE, start=(f"{site.base}/waldtag",))
    assert "Was es kostet" in found.records[0].text


@pytest.mark.parametrize("path", ["/", "/verein"])
def test_a_page_that_states_nothing_of_an_offer_is_none(site, path):
    address = site.put(path, plain("startseite"))

    with pytest.raises(ReadError) as refused:
        look(address)

    assert refused.value.rule == "preview.nothing"


def test_what_the_gate_refuses_is_refused(site):
    site.put("/robots.txt", "User-agent: *\nDisallow: /kita\n")
    address = site.put("/kita", page(event("Waldtag")))

    for wanted, settings, rule in (
        (address, {}, "fetch.robots"),
        (f"{site.base}/weg", {}, "fetch.not_found"),
        (address, {"allow_loopback": False}, "fetch.refused"),
    ):
        with pytest.raises(ReadError) as refused:
            look(wanted, **settings)
        assert refused.value.rule == rule
    assert "/kita" not in [path for path, _ in site.asked]


def test_a_described_source_is_read_by_its_description_and_never_conditionally(site, sqlite_database):
    address = site.put("/a.ics", ICS.format(uid="7"), ETag='"1"')
    source = make_source("mv_kalender", access=Access(kind=AccessKind.ICAL, start=(address,)))
    harvest(sqlite_database, source, settings=QUICK, now=NOW)

    found = try_source(source, settings=QUICK, ledger=DatabaseLedger(sqlite_database), now=NOW)

    assert found.source == source
    assert [record.origin.key for record in found.records] == ["7"]
    assert all("if-none-match" not in headers for _, headers in site.asked)


def test_a_described_source_without_offers_says_so(site):
    source = make_source("mv_html", access=Access(kind=AccessKind.HTML, start=(listing(site),), follow="a.gibtsnicht"))

    with pytest.raises(ReadError) as refused:
        try_source(source, settings=QUICK, ledger=MemoryLedger(), now=NOW)

    assert refused.value.rule == "preview.no_offers"


def test_the_difference_is_counted_against_what_is_stored():
    same, other, back, new = (make_record(key) for key in ("a", "b", "c", "d"))
    known = {
        make_key("a"): KnownOffer(fingerprint(same), "1", 0, True),
        make_key("b"): KnownOffer("alt", "1", 0, True),
        make_key("c"): KnownOffer(fingerprint(back), "1", 2, False, withdrawn=True),
        make_key("e"): KnownOffer("weg", "1", 0, True),
    }
    shown = [same, other, back, new]

    assert difference(known, shown, whole=True) == Difference(new=1, changed=2, unchanged=1, vanished=1)
    assert difference(known, shown, whole=False).vanished is None
    assert difference({}, shown, whole=True) == Difference(new=4, vanished=0)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("<title>Angebote | Museum am Wall</title>", "Museum am Wall"),
        ("<title>Museum am Wall – Angebote</title>", "Museum am Wall"),
        ("<title>Museum am Wall</title>", "Museum am Wall"),
        ("<title>Angebote</title>", "Angebote"),
        ('<title>Angebote</title><meta property="og:site_name" content="Museum am Wall">', "Museum am Wall"),
    ],
)
def test_a_house_is_called_as_its_page_says_without_the_pages_own_heading(site, head, name):
    address = site.put("/kita", f"<html><head>{head}</head><body><h1>Angebote</h1>{event('Waldtag')}</body></html>")

    assert look(address).title == name


OAI = (
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><ListRecords>'
    "<record><header><identifier>7</identifier></header><metadata><dc:title>Waldtag für Kitas</dc:title></metadata>"
    "</record></ListRecords></OAI-PMH>"
)
RPDE = {
    "items": [{"state": "updated", "kind": "Event", "id": 7, "modified": 1, "data": {"@type": "Event", "name": "Wald"}}]
}
LINKED = {"meta": {"count": 1, "next": None}, "data": [{"id": "a:7", "super_event": None, "name": {"de": "Waldtag"}}]}
KULTUR = {"data": {"events": [{"type": "type.Event", "identifier": "E_7", "title": {"de": "Waldtag"}}]}}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (OAI, AccessKind.OAI),
        (json.dumps(RPDE | {"next": "/liste?after=7"}), AccessKind.RPDE),
        (json.dumps(LINKED), AccessKind.LINKED_EVENTS),
        (json.dumps(KULTUR), AccessKind.KULTURDATEN),
    ],
)
def test_lists_are_known_by_what_they_hold(site, body, kind):
    site.put("/liste?after=7", json.dumps({"items": [], "next": "/liste?after=7"}))
    asked = "/liste?verb=ListRecords&metadataPrefix=oai_dc" if kind is AccessKind.OAI else "/liste"

    found = look(site.put(asked, body))

    assert found.source.access == Access(kind=kind, start=(site.base + asked,))
    assert (len(found.records), found.whole) == (1, True)


@pytest.mark.parametrize("asked", ["/oai?verb=Identify", "/oai", "/oai?verb=ListRecords&resumptionToken=3"])
def test_of_a_repository_the_whole_list_is_asked_for_whatever_was_pasted(site, asked):
    site.put("/oai?verb=ListRecords&metadataPrefix=oai_dc", OAI)

    found = look(
        site.put(asked, '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="badVerb"/></OAI-PMH>')
    )

    assert found.source.access.start == (f"{site.base}/oai?verb=ListRecords&metadataPrefix=oai_dc",)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<OAI-PMH><error code='noRecordsMatch'/></OAI-PMH>", "preview.no_offers"),
        ("<OAI-PMH><error code='badArgument'/></OAI-PMH>", "oai_pmh.error"),
        (OAI[:-30], "oai_pmh.truncated"),
        (json.dumps({"items": [], "next": "x", "license": "https://openactive.io/"}), "preview.no_offers"),
        (json.dumps(RPDE | {"next": "x", "license": "y"}).replace("@type", "t"), "rpde.no_offer"),
        (
            json.dumps({"data": {"locations": [{"type": "type.Location", "identifier": "L_7"}]}}),
            "kulturdaten.no_events",
        ),
    ],
)
def test_lists_without_offers_say_why(site, body, rule):
    address = site.put("/liste?verb=ListRecords&metadataPrefix=oai_dc", body)

    with pytest.raises(ReadError) as refused:
        look(address)

    assert refused.value.rule == rule
    assert refused.value.happened and refused.value.remedy


def test_a_list_that_only_has_a_state_is_plain_json(site):
    rows = [{"state": "deleted soon", "modified": 7, "titel": "Waldtag", "beschreibung": "Für Kitas"}]

    assert look(site.put("/a.json", json.dumps(rows))).source.access.kind is AccessKind.JSON
