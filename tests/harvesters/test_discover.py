"""Where offers are found when the page itself has none: feeds that it names, leaflets, the sitemap; within a budget."""

import json
from dataclasses import replace

import pytest

from harvesters.fetch.ledger import MemoryLedger
from harvesters.problems import ReadError
from harvesters.trying import MAX_REQUESTS, Trial, try_address, try_source
from schemas.harvest import Access, AccessKind
from tests.factories import NOW, make_source
from tests.harvesters.leaflets import column, head, leaflet, picture
from tests.harvesters.loopback import QUICK, Site
from tests.harvesters.test_formats_sitemap import urlset

PROPOSED = make_source("mv_neu", access=Access(kind=AccessKind.STRUCTURED, start=("https://neu.example/",)))
OFFERS = [
    ("Bilderbuchkino", "Für Kita-Gruppen ab 3 Jahren, jeden Dienstag um 9:30 Uhr. Eintritt frei."),
    ("Waldtag", "Für Kita-Gruppen ab 4 Jahren, 3 € pro Kind."),
    ("Offene Werkstatt", "Mittwochs wird gebastelt. Ab 5 Jahren."),
]
NEWS = [
    ("Neue Öffnungszeiten ab Januar", "Ab Januar haben wir dienstags bis sonntags von 10 bis 17 Uhr geöffnet."),
    ("Das Dach ist fertig", "Nach zwei Jahren Bauzeit ist das neue Dach fertig. Wir danken allen Spendern."),
    ("Jahreshauptversammlung", "Am 12. März wurde der Vorstand neu gewählt."),
    ("Spende der Sparkasse", "Die Sparkasse übergab einen Scheck über 500 € für die neue Küche."),
    ("Rückblick auf das Sommerfest", "Über 300 Gäste feierten. Die Kinder der Kita Spatzennest sangen Lieder."),
]


def look(address: str) -> Trial:
    return try_address(address, PROPOSED, settings=replace(QUICK, attempts=1), ledger=MemoryLedger(), now=NOW)


def page(body: str = "<p>Willkommen in unserem Haus.</p>", head: str = "") -> str:
    return f"<!doctype html><html><head><title>Haus</title>{head}</head><body>{body}</body></html>"


def named(type: str, address: str, title: str = "") -> str:
    return f'<link rel="alternate" type="{type}" href="{address}" title="{title}">'


def rss(items: list[tuple[str, str]], more: str = "") -> str:
    inner = "".join(
        f"<item><title>{title}</title><guid>{number}</guid><description>{text}</description>{more}</item>"
        for number, (title, text) in enumerate(items)
    )
    return f'<?xml version="1.0"?><rss version="2.0" xmlns:ev="http://purl.org/rss/1.0/modules/event/"><channel>{inner}</channel></rss>'


def atom(items: list[tuple[str, str]]) -> str:
    inner = "".join(
        f"<entry><title>{title}</title><id>{number}</id><content>{text}</content></entry>"
        for number, (title, text) in enumerate(items)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{inner}</feed>'


def listed(items: list[tuple[str, str]]) -> str:
    return json.dumps([{"id": n, "titel": title, "beschreibung": text} for n, (title, text) in enumerate(items)])


def features(items: list[tuple[str, str]]) -> str:
    place = {"type": "Point", "coordinates": [13.4, 54.1]}
    found = [
        {"type": "Feature", "id": n, "geometry": place, "properties": {"titel": title, "beschreibung": text}}
        for n, (title, text) in enumerate(items)
    ]
    return json.dumps({"type": "FeatureCollection", "features": found})


# -- feeds that the page names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "body", "kind"),
    [
        ("application/rss+xml", rss(OFFERS), AccessKind.RSS),
        ("application/atom+xml; charset=utf-8", atom(OFFERS), AccessKind.RSS),
        ("application/json", listed(OFFERS), AccessKind.JSON),
        ("application/geo+json", features(OFFERS), AccessKind.GEOJSON),
    ],
)
def test_a_feed_of_offers_that_the_page_names_is_taken(site: Site, type: str, body: str, kind: AccessKind) -> None:
    feed = site.put("/feed", body)

    found = look(site.put("/kita", page(head=named(type, "/feed"))))

    assert found.source.access == Access(kind=kind, start=(feed,))
    assert [record.title for record in found.records] == [title for title, _ in OFFERS]


@pytest.mark.parametrize("body", [rss(NEWS), rss([*NEWS, *OFFERS[:2]]), atom(NEWS), "<rss><channel/></rss>", "{}"])
def test_a_feed_of_news_is_no_source_of_offers(site: Site, body: str) -> None:
    site.put("/feed", body)

    with pytest.raises(ReadError) as refused:
        look(site.put("/", page(head=named("application/rss+xml", "/feed"))))

    assert refused.value.rule == "preview.nothing"


def test_a_calendar_as_a_feed_is_taken_though_most_of_it_is_for_others(site: Site) -> None:
    evening = [(f"Orgelkonzert {n}", "Karten im Vorverkauf, 20 Uhr, für Erwachsene.") for n in range(50)]
    body = rss([*evening, OFFERS[0]], "<ev:startdate>2026-12-01T10:00:00</ev:startdate>")
    site.put("/feed", body)
    site.put("/abends", rss(evening, "<ev:startdate>2026-12-01T20:00:00</ev:startdate>"))

    found = look(site.put("/kita", page(head=named("application/rss+xml", "/feed"))))

    assert len(found.records) == 51
    with pytest.raises(ReadError):
        look(site.put("/", page(head=named("application/rss+xml", "/abends"))))


def test_a_calendar_counts_before_a_feed_and_schema_org_before_both(site: Site) -> None:
    site.put("/feed", rss(OFFERS))
    event = ("BEGIN:VEVENT", "UID:1", "SUMMARY:Waldtag", "DTSTART:20261201T090000", "END:VEVENT")
    ics = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *event, "END:VCALENDAR", ""))
    site.put("/termine.ics", ics)
    feeds = named("application/rss+xml", "/feed") + named("text/calendar", "/termine.ics")
    data = {"@type": "Event", "name": "Moortag", "startDate": "2026-12-01"}
    marked = f'<script type="application/ld+json">{json.dumps(data)}</script>'

    calendar = look(site.put("/kita", page(head=feeds)))
    itself = look(site.put("/moor", page(marked, feeds)))

    assert calendar.source.access.kind is AccessKind.ICAL
    assert (itself.source.access.kind, itself.records[0].title) == (AccessKind.STRUCTURED, "Moortag")
    assert "/feed" not in site.paths()


def test_feeds_of_comments_and_of_other_sites_are_not_asked_and_two_are_enough(site: Site) -> None:
    for number in range(5):
        site.put(f"/feed{number}", rss(NEWS))
    site.put("/comments/feed", rss(OFFERS))
    head = (
        named("application/rss+xml", "/comments/feed")
        + named("application/rss+xml", "/feed9", "Haus » Kommentar-Feed")
        + named("application/rss+xml", "https://other.example/feed")
        + "".join(named("application/rss+xml", f"/feed{number}") for number in range(5))
    )

    with pytest.raises(ReadError):
        look(site.put("/", page(head=head)))

    assert [path for path in site.paths() if "feed" in path] == ["/feed0", "/feed1"]


# -- leaflets that the page links to ----------------------------------------------------------------------------------


def programme(*titles: str) -> bytes:
    words = [(head(title), "Für Kita-Gruppen ab 4 Jahren.", "2 € pro Kind, 10 Uhr") for title in titles]
    return leaflet(column(57, 90, *(line for offer in words for line in offer), leading=20))


def test_a_leaflet_is_offered_by_the_link_that_leads_to_it(site: Site) -> None:
    site.put("/fileadmin/programm-2027.pdf", programme("Waldtag", "Moortag"))
    link = '<div class="download"><a href="/fileadmin/programm-2027.pdf">Programm</a></div>'
    text = "<h1>KitaKulturTage</h1><p>Zwei Wochen lang laden fünf Häuser alle Kitas zu sich ein.</p>"

    found = look(site.put("/kulturtage", page(f"<main>{text}{link}</main>")))

    assert found.source.access == Access(
        kind=AccessKind.PDF, start=(f"{site.base}/kulturtage",), follow='main div.download a[href*=".pdf"]'
    )
    assert [record.title for record in found.records] == ["Waldtag", "Moortag"]
    assert found.whole


def test_of_several_leaflets_only_those_with_offers_are_taken(site: Site) -> None:
    good = site.put("/programm.pdf", programme("Waldtag"))
    site.put("/satzung.pdf", leaflet(column(57, 90, head("Satzung"), "Der Verein hat seinen Sitz in Birkenau.")))
    links = '<a href="/satzung.pdf">Satzung</a> <a href="/programm.pdf">Programm</a>'

    found = look(site.put("/verein", page(f"<p>Willkommen</p><ul><li>{links}</li></ul>")))

    assert found.source.access == Access(kind=AccessKind.PDF, start=(good,))


@pytest.mark.parametrize("body", [picture(), b"%PDF-1.7 ...", leaflet(column(57, 90, head("Satzung"), "Paragraph 1"))])
def test_a_leaflet_without_offers_is_no_source(site: Site, body: bytes) -> None:
    site.put("/a.pdf", body)

    with pytest.raises(ReadError) as refused:
        look(site.put("/", page('<a href="/a.pdf">Satzung</a>')))

    assert refused.value.rule == "preview.nothing"


def test_a_page_that_states_its_offer_itself_needs_no_leaflet(site: Site) -> None:
    site.put("/preise.pdf", programme("Waldtag"))
    text = "<h1>Moortag für Kitas</h1><p>Für Kita-Gruppen ab 4 Jahren, 3 € pro Kind, wir gehen ins Moor.</p>"

    found = look(site.put("/moor", page(f'<main>{text}<a href="/preise.pdf">Preise</a></main>')))

    assert (found.source.access.kind, found.records[0].title) == (AccessKind.PAGE, "Moortag für Kitas")
    assert "/preise.pdf" not in site.paths()


# -- the sitemap ------------------------------------------------------------------------------------------------------


def put_pages(site: Site, folder: str, items: list[tuple[str, str]]) -> list[str]:
    """A page for each of these, to which nothing links."""
    return [
        site.put(f"/{folder}/{number}", page(f"<main><h1>{title}</h1><p>{text} Wir freuen uns.</p></main>"))
        for number, (title, text) in enumerate(items)
    ]


def test_where_nothing_is_linked_the_sitemap_leads_to_the_offers(site: Site) -> None:
    addresses = [*put_pages(site, "aktuelles", NEWS), *put_pages(site, "angebote", OFFERS)]
    site.put("/sitemap.xml", urlset(f"{site.base}/", *addresses))

    found = look(site.put("/", page()))

    assert found.source.access.start == (f"{site.base}/sitemap.xml",)
    assert (found.source.access.kind, found.source.access.follow) == (AccessKind.PAGE, None)
    assert [record.title for record in found.records] == [title for title, _ in OFFERS]
    assert found.whole
    assert not [path for path in site.paths() if "aktuelles" in path]
    again = try_source(found.source, settings=QUICK, ledger=MemoryLedger(), now=NOW)
    assert again.records == found.records


def test_pages_with_schema_org_are_found_by_a_robots_txt_and_an_index(site: Site) -> None:
    for number in range(8):
        event = {"@type": "Event", "name": f"Waldtag {number}", "startDate": "2026-12-01"}
        site.put(f"/v/{number}/", page(f'<script type="application/ld+json">{json.dumps(event)}</script>'))
    site.put("/robots.txt", f"User-agent: *\nSitemap: {site.base}/index.xml\nSitemap: https://other.example/map.xml")
    site.put("/index.xml", urlset(f"{site.base}/post.xml", f"{site.base}/event.xml", of="sitemap"))
    site.put("/event.xml", urlset(*(f"{site.base}/v/{number}/" for number in range(8))))
    site.put("/post.xml", urlset(f"{site.base}/blog/1", f"{site.base}/blog/2"))

    found = look(site.put("/", page()))

    assert (found.source.access.kind, found.source.access.start) == (AccessKind.STRUCTURED, (f"{site.base}/index.xml",))
    assert [record.title for record in found.records] == [f"Waldtag {number}" for number in range(5)]
    assert not found.whole
    assert site.paths().index("/event.xml") < site.paths().index("/post.xml")


def test_below_a_page_only_what_is_below_it_counts(site: Site) -> None:
    inside = put_pages(site, "museum/angebote", OFFERS)
    outside = put_pages(site, "bibliothek/angebote", OFFERS)
    site.put("/sitemap.xml", urlset(*outside, *inside))

    found = look(site.put("/museum", page()))

    assert {record.url for record in found.records} == set(inside)
    assert not [path for path in site.paths() if "bibliothek" in path]


def test_a_sitemap_that_is_pasted_is_read_itself(site: Site) -> None:
    address = site.put("/karte.xml", urlset(*put_pages(site, "kurse", OFFERS)))

    assert look(address).source.access.start == (address,)


@pytest.mark.parametrize("body", ["", "<html></html>", "<urlset/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><urlset/>"])
def test_a_sitemap_that_holds_nothing_leads_nowhere(site: Site, body: str) -> None:
    site.put("/sitemap.xml", body)

    with pytest.raises(ReadError) as refused:
        look(site.put("/", page()))

    assert refused.value.rule == "preview.nothing"


def test_a_page_that_leads_everywhere_stays_within_the_budget(site: Site) -> None:
    """Every way is tried, and none leads to an offer but the last."""
    for number in range(40):
        for folder in ("a", "b", "c", "d", "e", "f"):
            site.put(
                f"/{folder}/{number}.html", page(f"<main><h1>Bericht {folder}{number}</h1><p>{NEWS[1][1]}</p></main>")
            )
        site.put(f"/{number}.pdf", picture())
        site.put(f"/feed{number}", rss(NEWS))
        site.put(f"/{number}.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
        site.put(f"/s{number}.xml", urlset(f"{site.base}/b/1.html", f"{site.base}/b/2.html"))
    addresses = put_pages(site, "angebote", OFFERS)
    site.put("/sitemap.xml", urlset(*(f"{site.base}/s{number}.xml" for number in range(40)), of="sitemap"))
    site.put("/s0.xml", urlset(*addresses))
    links = "".join(
        f'<div class="{folder}">' + "".join(f'<a href="/{folder}/{n}.html">x</a>' for n in range(40)) + "</div>"
        for folder in "abcdef"
    )
    links += "".join(f'<a href="/{number}.pdf">x</a><a href="/{number}.ics">x</a>' for number in range(40))
    feeds = "".join(named("application/rss+xml", f"/feed{number}") for number in range(40))

    found = look(site.put("/", page(links, feeds)))

    assert [record.title for record in found.records] == [title for title, _ in OFFERS]
    assert found.requests == len(site.paths()) <= MAX_REQUESTS
