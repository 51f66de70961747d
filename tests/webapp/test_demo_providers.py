"""The example providers answer over HTTP, in the formats they claim, marked as examples, with dates around the day."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from importlib import resources
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pypdfium2 as pdfium
import pytest
from icalendar import Calendar
from lxml import etree, html

from harvesters.formats import by_kind
from schemas.geography import Point, distance_km, locate
from schemas.harvest import FETCHED, Source
from schemas.vocabulary import Audience, RightsKind
from webapp.demo.providers import content, feeds
from webapp.demo.providers.content import MARK, SITES
from webapp.demo.providers.pages import LISTINGS, detail_path
from webapp.demo.providers.server import FAULTS, RunningProviders, start

TODAY = date(2026, 11, 23)
SOUND = SITES[:-2]
DAYS = [TODAY, date(2026, 12, 22), date(2027, 3, 8), date(2027, 7, 15), date(2028, 2, 29)]


def get(url: str, **headers: str) -> tuple[int, bytes, Message]:
    """Status, body and headers, whatever the status."""
    request = Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProviders]:
    with start(TODAY) as providers:
        yield providers


@pytest.fixture
def providers(running: RunningProviders) -> Iterator[RunningProviders]:
    """The running sites; what a test breaks or edits is put right afterwards."""
    yield running
    for site in running.sites.values():
        site.restore()
        site.fault = site.content.broken


def pages_of(providers: RunningProviders, slug: str) -> dict[str, bytes]:
    """Every web page that can be reached from the home page, by address."""
    base = providers.base_urls[slug]
    waiting, pages = [f"{base}/"], dict[str, bytes]()
    while waiting:
        url = waiting.pop()
        status, body, headers = get(url)
        assert status == 200, url
        if headers.get_content_type() != "text/html":
            continue
        pages[url] = body
        links = [urljoin(url, link) for link in html.fromstring(body).xpath("//a/@href")]
        waiting += [link for link in links if link.startswith(base) and link not in pages and link not in waiting]
    return pages


# -- what is offered --------------------------------------------------------------------------------------------------


def test_a_hundred_offers_or_more_stand_on_sound_sites_of_eleven_makes(providers: RunningProviders) -> None:
    counts = {slug: len(providers.sites[slug].content.offers) for slug in SITES}

    assert sum(counts[slug] for slug in SOUND) >= 100
    assert sum(counts.values()) <= 140
    assert min(counts.values()) >= 3
    makes = {providers.sites[slug].content.make for slug in SOUND}
    assert makes == set(LISTINGS)
    assert len(makes) == 11


def test_one_offer_in_six_is_not_made_for_kitas_and_no_site_says_so_in_codes(providers: RunningProviders) -> None:
    audiences = [offer.audience for slug in SOUND for offer in providers.sites[slug].content.offers]

    assert set(audiences) == set(Audience)
    assert 0.12 <= 1 - audiences.count("kita") / len(audiences) <= 0.2
    body = get(providers.base_urls["wald"] + detail_path("typo3", "waldolympiade"))[1].decode()
    assert "school" not in body
    assert "weiterführende Schulen" in body


def test_titles_are_unique_but_for_the_one_offer_that_two_sites_list(providers: RunningProviders) -> None:
    titles = [offer.title for site in providers.sites.values() for offer in site.content.offers]

    assert {title for title in titles if titles.count(title) > 1} == {
        "Museumskoffer zum Ausleihen: Spielzeug von gestern"
    }


@pytest.mark.parametrize("today", DAYS, ids=str)
@pytest.mark.parametrize("slug", SITES)
def test_dates_move_with_the_day_and_avoid_days_on_which_kitas_are_closed(slug: str, today: date) -> None:
    site = content.build_site(slug, content.read_raw(slug), today)

    times = [time for offer in site.offers for time in offer.times]
    assert not [time for time in times if content.is_closed(time.date())]
    past = {offer.key for offer in site.offers if offer.times and max(offer.times).date() < today}
    assert past <= {"erntetag", "bilderbuchkino", "krabbelverse"}  # one is over; two series began earlier this week
    assert all(abs((time.date() - today).days) < 100 for time in times)
    assert all(len(set(offer.times)) == len(offer.times) for offer in site.offers)


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_library_feed_holds_together_on_any_day(today: date) -> None:
    site = content.build_site("bibliothek", content.read_raw("bibliothek"), today)

    events = Calendar.from_ical(feeds.ical(site, "http://127.0.0.1")).walk("VEVENT")

    assert len(events) == len(site.offers) + 1
    (moved,) = [event for event in events if "RECURRENCE-ID" in event]
    series = next(event for event in events if event["UID"] == moved["UID"] and "RRULE" in event)
    excluded = {each.dt for each in series["EXDATE"].dts}
    assert moved["RECURRENCE-ID"].dt not in excluded
    assert series["DTSTART"].dt not in excluded


def test_a_date_code_that_is_not_understood_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(ValueError, match=r"'dienstag \+2' not understood; write it like 'tue\+2 09:30'"):
        content.moment("dienstag +2", TODAY)


def test_no_text_shares_eight_words_in_a_row_with_the_gold_corpora(shared: Path) -> None:
    gold = set[tuple[str, ...]]()
    providers = set[str]()
    for path in sorted(shared.glob("data/gold/*/offers.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            offer = json.loads(line)
            gold |= runs_of_words(f"{offer['title']}\n{offer['text']}")
            providers.add(offer["provider"])
    assert gold

    for slug in SITES:
        for entry in content.read_raw(slug)["offers"]:
            assert not gold & runs_of_words(" ".join(str(value) for value in entry.values())), entry["key"]
            assert entry.get("anbieter") not in providers
        assert content.read_raw(slug)["name"] not in providers


def runs_of_words(text: str, length: int = 8) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[first : first + length]) for first in range(len(words) - length + 1)}


# -- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SITES)
def test_every_page_parses_and_says_that_it_is_an_example(providers: RunningProviders, slug: str) -> None:
    providers.break_with(slug, None)

    pages = pages_of(providers, slug)

    assert f"{providers.base_urls[slug]}/" in pages
    for url, body in pages.items():
        tree = etree.fromstring(body, etree.HTMLParser(encoding="utf-8", recover=False))
        assert MARK in "".join(tree.itertext()), url


@pytest.mark.parametrize("slug", SITES)
def test_every_offer_has_a_page_with_its_title_and_a_lasting_canonical_address(
    providers: RunningProviders, slug: str
) -> None:
    providers.break_with(slug, None)
    site = providers.sites[slug]

    for offer in site.content.offers:
        path = detail_path(site.content.make, offer.key)
        tree = html.fromstring(get(site.base_url + path)[1].decode())
        assert offer.title in tree.text_content()
        assert tree.xpath("//link[@rel='canonical']/@href") == [f"https://{site.content.host}{path}"]


@pytest.mark.parametrize("slug", SITES)
def test_robots_txt_and_a_404_page_are_there(providers: RunningProviders, slug: str) -> None:
    providers.break_with(slug, None)
    base = providers.base_urls[slug]

    assert b"User-agent: *" in get(f"{base}/robots.txt")[1]
    for path in ("/gibt-es-nicht", "/veranstaltungen/seite/99/", "/api/angebote?seite=99", "/api/angebote?seite=x"):
        status, body, _ = get(base + path)
        assert status == 404, path
        assert MARK in body.decode()


def test_listing_pages_lead_to_every_page_of_an_offer(providers: RunningProviders) -> None:
    for slug in ("museum", "wald", "musikschule", "theater"):
        site = providers.sites[slug]
        reached = pages_of(providers, slug)
        assert {site.base_url + detail_path(site.content.make, offer.key) for offer in site.content.offers} <= set(
            reached
        )
    assert f"{providers.base_urls['museum']}/veranstaltungen/seite/2/" in pages_of(providers, "museum")


def test_each_museum_page_carries_three_scripts_with_one_event_among_them(providers: RunningProviders) -> None:
    site = providers.sites["museum"]

    for offer in site.content.offers:
        tree = html.fromstring(get(site.base_url + detail_path("wordpress", offer.key))[1])
        graph, crumbs, (event,) = map(json.loads, tree.xpath("//script[@type='application/ld+json']/text()"))
        assert "@graph" in graph
        assert crumbs["@type"] == "BreadcrumbList"
        assert event["@id"].startswith("https://bollwerkhaus.example/")
        assert len(event.get("subEvent", ())) == max(len(offer.times) - 1, 0)
        assert ("startDate" in event) == bool(offer.times)
    names = get(site.base_url + detail_path("wordpress", "plattdeutsche-reime"))[1].decode()
    assert "L&uuml;tt Matten un de annern &#8211; Reime op Platt" in names


def test_each_music_school_page_carries_one_item_with_name_price_and_place(providers: RunningProviders) -> None:
    site = providers.sites["musikschule"]

    for offer in site.content.offers:
        tree = html.fromstring(get(site.base_url + detail_path("microdata", offer.key))[1].decode())
        (item,) = tree.xpath("//*[@itemscope][not(@itemprop)]")
        assert item.get("itemtype") == f"https://schema.org/{offer.fields['type']}"
        assert item.xpath(".//*[@itemprop='name']/text()")[0] == offer.title
        assert item.xpath(".//*[@itemprop='price']/@content") == [offer.fields["price"]]
        assert item.xpath(".//*[@itemprop='postalCode']/text()") == ["17438"]


def test_the_library_feed_has_series_exceptions_a_moved_and_a_cancelled_date(providers: RunningProviders) -> None:
    _, body, headers = get(providers.sites["bibliothek"].listing_url)

    assert headers.get_content_type() == "text/calendar"
    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    assert b"\r\n " in body
    calendar = Calendar.from_ical(body)
    assert calendar["X-WR-CALDESC"] == MARK
    events = calendar.walk("VEVENT")
    assert sum("RRULE" in event for event in events) == 5
    assert sum("EXDATE" in event for event in events) >= 2
    assert [str(event["UID"]).split("@")[0] for event in events if event["STATUS"] == "CANCELLED"] == [
        "vorlesetag-garten"
    ]
    (moved,) = [event for event in events if "RECURRENCE-ID" in event]
    assert moved["DTSTART"].dt.isocalendar()[:2] == moved["RECURRENCE-ID"].dt.isocalendar()[:2]
    assert moved["DTSTART"].dt != moved["RECURRENCE-ID"].dt


def test_the_table_is_windows_1252_with_semicolons_and_marks_every_row(providers: RunningProviders) -> None:
    _, body, headers = get(providers.sites["lernorte"].listing_url)

    assert headers["Content-Type"] == "text/csv; charset=windows-1252"
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(body.decode("cp1252"), newline=""), delimiter=";"))
    assert len(rows) == 26
    assert {row["Hinweis"] for row in rows} == {MARK}
    assert all(row["Anbieter"].endswith("(Beispiel)") for row in rows)
    assert [row["Kosten"] for row in rows if row["Nr."] == "103"] == ["4,00 € pro Kind, Milchfrühstück inklusive"]


def test_the_json_interface_names_its_next_page_until_all_offers_were_given(providers: RunningProviders) -> None:
    url, given = providers.sites["naturpark"].listing_url, list[str]()

    while url:
        page = json.loads(get(url)[1])
        assert page["hinweis"] == MARK
        given += [offer["id"] for offer in page["angebote"]]
        url = page["next"]

    assert given == [offer.key for offer in providers.sites["naturpark"].content.offers]
    assert page["gesamt"] == len(given)


def test_the_page_of_the_bakehouse_has_a_heading_with_an_anchor_per_offer_and_no_markup(
    providers: RunningProviders,
) -> None:
    site = providers.sites["backhaus"]

    tree = html.fromstring(get(site.listing_url)[1].decode())

    assert [(head.get("id"), head.text_content()) for head in tree.xpath("//h3")] == [
        (offer.key, offer.title) for offer in site.content.offers
    ]
    assert not tree.xpath("//script | //*[@itemscope] | //*[@class != 'hinweisband']")


def test_the_leaflet_is_a_pdf_of_two_pages_with_mark_and_titles_and_the_same_bytes_each_time(
    providers: RunningProviders,
) -> None:
    site = providers.sites["stadtwerke"]

    _, body, headers = get(site.listing_url)

    assert headers["Content-Type"] == "application/pdf"
    assert len(body) < 10_000
    document = pdfium.PdfDocument(body)
    words = [page.get_textpage().get_text_bounded() for page in document]
    assert len(words) == 2
    assert MARK in words[0]
    assert all(offer.title in "".join(words) for offer in site.content.offers)
    assert "Kosten: 30 € je Einrichtung" in "".join(words)
    assert get(site.listing_url)[1] == body


def test_the_news_feed_is_rss_with_a_lasting_guid_and_html_in_its_texts(providers: RunningProviders) -> None:
    site = providers.sites["ziegenhof"]

    _, body, headers = get(site.listing_url)

    assert headers.get_content_type() == "application/rss+xml"
    feed = etree.fromstring(body)
    assert (feed.tag, feed.findtext("channel/description")) == ("rss", MARK)
    items = feed.findall("channel/item")
    assert [item.findtext("guid") for item in items] == [
        f"{site.content.host}/{offer.key}" for offer in site.content.offers
    ]
    assert all(str(item.findtext("description")).startswith("<p>") for item in items)
    published = [parsedate_to_datetime(str(item.findtext("pubDate"))) for item in items]
    assert published == sorted(published, reverse=True)
    assert published[0].date() == TODAY


def test_the_map_is_geojson_whose_points_lie_where_their_postcodes_do(providers: RunningProviders) -> None:
    _, body, headers = get(providers.sites["spuerpfade"].listing_url)

    assert headers.get_content_type() == "application/geo+json"
    document = json.loads(body)
    assert (document["type"], document["hinweis"]) == ("FeatureCollection", MARK)
    for feature in document["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        found = locate(feature["properties"]["plz"], feature["properties"]["ort"], near="13075")
        assert found is not None
        assert distance_km(Point(lat, lon), found.point) < 6, feature["id"]
        assert feature["properties"]["anbieter"].endswith("(Beispiel)")


# -- validators, edits, faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SOUND)
def test_what_is_known_already_is_answered_with_304_until_it_changes(providers: RunningProviders, slug: str) -> None:
    site = providers.sites[slug]
    _, _, headers = get(site.listing_url)
    tag, modified = headers["ETag"], headers["Last-Modified"]

    by_tag = get(site.listing_url, If_None_Match=tag)
    by_date = get(site.listing_url, If_Modified_Since=modified)
    site.edit(site.content.offers[0].key, title="Ganz neuer Titel")
    after = get(site.listing_url, If_None_Match=tag, If_Modified_Since=modified)

    assert (by_tag[0], by_tag[1], by_date[0], after[0]) == (304, b"", 304, 200)
    assert site.requests[-1] == (LISTINGS[site.content.make], 200)


def test_an_offer_can_be_edited_hidden_and_restored(providers: RunningProviders) -> None:
    url = providers.base_urls["wald"] + detail_path("typo3", "spuren")
    before = get(url)[1]

    providers.edit("wald", "spuren", kosten="99 € pro Kind")
    edited = get(url)[1]
    providers.hide("wald", "spuren")
    hidden, listing = get(url)[0], get(providers.sites["wald"].listing_url)[1]
    providers.restore("wald", "spuren")

    assert "99 € pro Kind" in edited.decode()
    assert "99 € pro Kind" not in before.decode()
    assert hidden == 404
    assert b"spuren.html" not in listing
    assert get(url)[1] == before


def test_edits_of_unknown_offers_and_fields_are_refused(providers: RunningProviders) -> None:
    with pytest.raises(KeyError, match="no offer has the key 'drachen'"):
        providers.hide("wald", "drachen")
    with pytest.raises(KeyError, match=r"has no field \['farbe'\]"):
        providers.edit("wald", "spuren", farbe="blau")
    with pytest.raises(ValueError, match="use one of empty, maintenance"):
        providers.break_with("wald", "kaputt")


def test_two_sites_are_broken_from_the_start_and_can_be_repaired(providers: RunningProviders) -> None:
    maintenance, down = providers.sites["sternwarte"], providers.sites["schwimmhalle"]

    status, body, headers = get(maintenance.listing_url)
    assert (status, headers.get_content_type()) == (200, "text/html")
    assert "Wartungsarbeiten" in body.decode()
    status, body, headers = get(down.listing_url)
    assert (status, headers["Retry-After"]) == (503, "3600")

    providers.break_with("sternwarte", None)
    providers.break_with("schwimmhalle", None)
    assert len(json.loads(get(maintenance.listing_url)[1])["angebote"]) == 3
    assert "Wassergewöhnung" in get(down.listing_url)[1].decode()


@pytest.mark.parametrize("slug", SOUND)
def test_every_fault_changes_the_listing_as_it_says(providers: RunningProviders, slug: str) -> None:
    url = providers.sites[slug].listing_url
    sound = get(url)[1]
    broken = {}
    for fault in FAULTS:
        providers.break_with(slug, fault)
        broken[fault] = get(url)

    assert broken["empty"][:2] == (200, b"")
    assert broken["truncated"][:2] == (200, sound[: len(sound) // 2])
    assert broken["down"][0] == 503
    assert "Wartungsarbeiten" in broken["maintenance"][1].decode()
    wrong, said = broken["wrong_encoding"][1], broken["wrong_encoding"][2].get_content_charset() or "utf-8"
    if slug == "stadtwerke":
        assert wrong == sound  # a PDF says in itself which letters it means
    else:
        assert wrong.decode(said, "replace") != sound.decode(said)


# -- Sources that read them -------------------------------------------------------------------------------------------


def source_files() -> list[Path]:
    folder = resources.files("webapp.demo").joinpath("sources")
    return sorted(Path(str(file)) for file in folder.iterdir() if file.name.endswith(".toml"))


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.stem)
def test_each_source_file_is_valid_complete_and_leads_to_its_site(providers: RunningProviders, path: Path) -> None:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    source = Source.model_validate(raw)

    assert source.name == path.stem
    assert source.example
    assert source.region == "13075"
    assert source.contact
    assert source.contact.endswith(".example")
    local = Source.model_validate(tomllib.loads(providers.localise(path.read_text(encoding="utf-8"))))
    assert local.access.start[0] in {site.listing_url for site in providers.sites.values()}


def test_the_source_files_show_every_way_of_access_but_lists_and_portals_and_every_kind_of_rights_and_trust() -> None:
    sources = [Source.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))) for path in source_files()]

    assert len(sources) == len(SITES)
    elsewhere = by_kind.LISTINGS.keys() | by_kind.CATALOGUES  # tests/harvesters/test_lists.py, test_catalogues.py
    assert {source.access.kind for source in sources} == FETCHED - elsewhere
    assert {source.rights.kind for source in sources} == set(RightsKind)
    assert {source.trust for source in sources} == {"hold", "publish"}


def test_a_taken_port_stops_the_start_and_leaves_nothing_running(providers: RunningProviders) -> None:
    taken = int(providers.base_urls["museum"].rsplit(":", 1)[1])

    with pytest.raises(OSError, match="in use"):
        start(TODAY, taken)


def test_today_is_an_argument() -> None:
    with start(date(2027, 5, 10)) as providers:
        body = get(providers.base_urls["museum"] + "/veranstaltung/museum-im-dunkeln/")[1].decode()

    assert datetime.fromisoformat("2027-05-25T09:30:00+02:00").isoformat() in body
