"""Actors of the Region, what they offer, and the conditions of access."""

import pytest
from lxml import html

from schemas.identifiers import offer_id
from schemas.offer import AgeRange, Price
from schemas.organisation import Booking, Provider
from schemas.review import DecisionKind
from schemas.store.reviews import decide
from schemas.vocabulary import Access, Answer, Area, BookingWay, Mode, PriceModel
from tests.factories import make_place, make_source, make_source_offer
from tests.webapp.site import HOSTILE, Site, make_other_offer, other_source

FOREST = Provider(name="Förderverein Wald e. V.", url="https://wald.example")


@pytest.fixture
def actors(site: Site) -> Site:
    site.harvest(
        make_source_offer("dinos"),
        make_source_offer("wald", title="Waldmorgen", provider=FOREST, price=Price(model=PriceModel.FREE)),
    )
    site.harvest(
        make_source_offer(
            "pilze",
            source="mv_verein",
            title="Pilze suchen",
            provider=Provider(name="Foerderverein  WALD"),
            price=Price(model=PriceModel.PER_GROUP, amount_eur=60),
            areas=(Area.NATURE_SUSTAINABILITY,),
            modes=(Mode.IN_KITA,),
            ages=AgeRange(min_months=24, max_months=59),
            place=make_place(locality="Wolgast"),
            booking=Booking(ways=(BookingWay.MAIL,)),
            accessibility={Access.WHEELCHAIR: Answer.YES, Access.BUGGY: Answer.NO},
        ),
        source=make_source("mv_verein"),
    )
    return site


def names(page: str) -> list[str]:
    return [str(link.text_content()) for link in html.fromstring(page).cssselect(".cards h3 a")]


def words(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def test_two_spellings_from_two_sources_are_one_provider(actors):
    text = actors.client().get("/anbieter").text

    assert names(text) == ["Beispielmuseum", "Förderverein Wald e. V."]
    assert "2 Anbieter" in words(text)


def test_a_provider_is_listed_with_its_conditions_of_access(actors):
    page = html.fromstring(actors.client().get("/anbieter").text)
    card = page.cssselect(".cards .card")[1]
    facts = {
        fact.cssselect("dt")[0].text_content(): fact.cssselect("dd")[0].text_content()
        for fact in card.cssselect("dl > div")
    }

    assert facts["Kommt in die Kita"] == "bei 1 von 2 Angeboten"
    assert facts["Kosten"] == "teils kostenfrei, 4 € pro Kind (bei 15 Kindern)"
    assert facts["Alter"] == "2 bis 6 Jahre"
    assert facts["Barrierefreiheit"] == "mit Rollstuhl"
    assert "E-Mail" in facts["Anmeldung"]
    assert {"Greifswald", "Wolgast"} == set(facts["Orte"].split(", "))
    assert "Natur und Nachhaltigkeit" in facts["Bildungsbereiche"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=Waldmorgen", ["Förderverein Wald e. V."]),
        ("q=Pilze", ["Förderverein Wald e. V."]),
        ("q=Förderverein", ["Förderverein Wald e. V."]),
        ("q=foerderverein+pilze", ["Förderverein Wald e. V."]),
        ("bereich=nature_sustainability", ["Förderverein Wald e. V."]),
        ("bereich=quatsch", ["Beispielmuseum", "Förderverein Wald e. V."]),
        ("q=%22", []),
        ("q=nirgendwo", []),
    ],
)
def test_providers_are_found_by_what_they_offer(actors, query, expected):
    assert names(actors.client().get(f"/anbieter?{query}").text) == expected


def test_an_area_that_is_not_understood_is_said_and_kept(actors):
    page = html.fromstring(actors.client().get("/anbieter?bereich=quatsch").text)

    assert "Den Bildungsbereich „quatsch“ kennen wir nicht." in page.text_content()
    assert page.cssselect("option[selected]")[0].get("value") == "quatsch"


def test_a_provider_has_a_page_with_all_its_offers(actors):
    text = actors.client().get("/anbieter/foerderverein-wald").text

    assert sorted(names(text)) == ["Pilze suchen", "Waldmorgen"]
    assert 'href="https://wald.example"' in text
    assert "bei 1 von 2 Angeboten" in words(text)


def test_an_offer_leads_to_its_provider(actors):
    (offer,) = actors.harvest(make_source_offer("neu", provider=FOREST))

    assert 'href="/anbieter/foerderverein-wald"' in actors.client().get(f"/angebote/{offer}").text


def test_unknown_providers_and_those_without_offers_have_no_page(actors):
    with actors.database.begin() as session:
        decide(session, offer_id("mv_beispielmuseum", "dinos"), DecisionKind.REJECT, by="x", now=actors.now)

    client = actors.client()
    assert client.get("/anbieter/beispielmuseum").status_code == 404
    assert "bietet zurzeit nichts an" in client.get("/anbieter/beispielmuseum").text
    assert [client.get(f"/anbieter/{bad}").status_code for bad in ("x", "A", "-", "%00", "a" * 90)] == [404] * 5
    assert names(client.get("/anbieter").text) == ["Förderverein Wald e. V."]


def test_pages_are_bounded_and_keep_the_search(site):
    site.harvest(
        *(make_source_offer(f"o{n}", title="Angebot", provider=Provider(name=f"Haus {n:02d}")) for n in range(25))
    )
    client = site.client()

    first, second = (client.get(f"/anbieter?q=Haus&seite={n}").text for n in (1, 2))

    assert (len(names(first)), len(names(second))) == (20, 5)
    assert html.fromstring(first).cssselect("a[rel=next]")[0].get("href") == "/anbieter?q=Haus&seite=2"


def test_a_region_lists_its_own_providers_but_shows_a_neighbours_page(actors):
    actors.harvest(make_other_offer(provider=Provider(name="Kieler Museum")), source=other_source())

    assert "Kieler Museum" not in names(actors.client().get("/anbieter").text)
    assert names(actors.client("kiel.example").get("/anbieter").text) == ["Kieler Museum"]
    assert names(actors.client().get("/anbieter/kieler-museum").text) == ["Kieler Sprotten"]


def test_hostile_names_are_shown_as_text(site):
    site.harvest(make_source_offer(provider=Provider(name=HOSTILE.replace("\0", ""), url="javascript:alert(1)")))
    client = site.client()
    text = client.get("/anbieter").text
    (link,) = html.fromstring(text).cssselect(".cards h3 a")
    own = client.get(link.get("href")).text

    for page in (text, own):
        assert "<script" not in page
        assert html.fromstring(page).cssselect("[onerror]") == []
    assert 'href="javascript' not in own


def test_a_list_is_fresh_until_something_is_published(actors):
    client = actors.client()
    etag = client.get("/anbieter").headers["ETag"]
    assert client.get("/anbieter", headers={"If-None-Match": etag}).status_code == 304

    actors.harvest(make_source_offer("neu", title="Neu"))

    assert client.get("/anbieter", headers={"If-None-Match": etag}).status_code == 200


def test_both_databases_list_providers(both_sites):
    both_sites.harvest(make_source_offer())

    assert names(both_sites.client().get("/anbieter?q=Museum&bereich=stem").text) == ["Beispielmuseum"]
    assert both_sites.client().get("/anbieter/beispielmuseum").status_code == 200
