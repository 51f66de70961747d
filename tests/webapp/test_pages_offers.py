"""Search list and offer page: what is found, what is shown, what hostile input and hostile offers cannot do."""

from datetime import date, timedelta

import pytest
from lxml import html

from schemas.offer import AgeRange, Price, Rights
from schemas.organisation import Booking, Contact, Provider
from schemas.review import DecisionKind
from schemas.store.reviews import decide
from schemas.vocabulary import Mode, PriceModel, RightsKind
from tests.factories import OPEN, TODAY, make_dated_schedule, make_place, make_source, make_source_offer
from tests.webapp.site import HOSTILE, Site, make_other_offer, other_source
from tests.webapp.typed import make_entry, type_in
from webapp.pages.asking import LABELS

HOSTILE_VALUES = (
    "", "²", "-1", "9" * 5000, "%00", "%F0%9F%A6%95", "%FF%FE", "' OR 1=1 --", '"', "NEAR(", "<script>", "a" * 9000,
    "MO%20", "1e999",
)  # fmt: skip


def titles(page: str) -> list[str]:
    return [str(link.text_content()) for link in html.fromstring(page).cssselect(".cards h3 a")]


@pytest.fixture
def found(site: Site):
    """Titles that a search finds."""
    site.harvest(
        make_source_offer("dinos"),
        make_source_offer(
            "wald",
            title="Waldmorgen mit der Försterin",
            ages=AgeRange(min_months=24, max_months=47),
            price=Price(model=PriceModel.FREE),
            modes=(Mode.OUTDOOR,),
            areas=("nature_sustainability",),
            place=make_place(name="Forsthaus", postcode="17438", locality="Wolgast", lat=54.05, lon=13.77),
        ),
        make_source_offer("offen", title="Bücherkiste", ages=None, price=None, modes=(Mode.IN_KITA,), place=None),
    )
    return lambda query: titles(site.client().get(f"/?{query}").text)


def test_without_filters_everything_published_is_listed(found):
    assert sorted(found("")) == ["Bücherkiste", "Dinosaurier entdecken", "Waldmorgen mit der Försterin"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=Waldmorgen", ["Waldmorgen mit der Försterin"]),
        ("q=dinosaurier", ["Dinosaurier entdecken"]),
        ("alter=2", ["Bücherkiste", "Waldmorgen mit der Försterin"]),
        ("kostenfrei=1", ["Bücherkiste", "Waldmorgen mit der Försterin"]),
        ("mobil=1", ["Bücherkiste"]),
        ("bereich=nature_sustainability", ["Waldmorgen mit der Försterin"]),
        ("ort=17489&umkreis=5", ["Bücherkiste", "Dinosaurier entdecken"]),
        ("ort=Wolgast&umkreis=5", ["Bücherkiste", "Waldmorgen mit der Försterin"]),
        ("ort=17438+Wolgast&umkreis=5", ["Bücherkiste", "Waldmorgen mit der Försterin"]),
        ("alter=18m", ["Bücherkiste"]),
        ("kosten=30&kinder=15", ["Bücherkiste", "Waldmorgen mit der Försterin"]),
        ("kosten=37,50+€", ["Bücherkiste", "Dinosaurier entdecken", "Waldmorgen mit der Försterin"]),
        ("kosten=37.49", ["Bücherkiste", "Waldmorgen mit der Försterin"]),
        ("kinder=25+Kinder", []),
        ("thema=museum", ["Bücherkiste", "Dinosaurier entdecken", "Waldmorgen mit der Försterin"]),
        ("thema=forest", []),
        ("anfrage=1", ["Bücherkiste", "Dinosaurier entdecken", "Waldmorgen mit der Försterin"]),
        ("datum=1.12.2026", ["Bücherkiste", "Dinosaurier entdecken", "Waldmorgen mit der Försterin"]),
        ("datum=1.12.26", ["Bücherkiste", "Dinosaurier entdecken", "Waldmorgen mit der Försterin"]),
    ],
)
def test_a_filter_keeps_what_fits_and_what_does_not_say(found, query, expected):
    assert sorted(found(query)) == expected


def test_what_an_offer_does_not_state_is_said_beside_it(site, found):
    page = html.fromstring(site.client().get("/?alter=5&kostenfrei=1&ort=Greifswald").text)
    card = next(card for card in page.cssselect(".cards .card") if "Bücherkiste" in card.text_content())

    assert sorted(tag.text_content() for tag in card.cssselect(".tag.warm")) == [
        "Alter nicht angegeben",
        "Ort nicht angegeben",
        "Preis nicht angegeben",
    ]


def test_an_unknown_place_is_said_and_filters_nothing(site, found):
    page = site.client().get("/?ort=Atlantis").text

    assert "Den Ort „Atlantis“ kennen wir nicht" in page
    assert len(titles(page)) == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("alter=99", "Das Alter „99“ haben wir nicht verstanden"),
        ("umkreis=7&ort=17440", "Den Umkreis „7“ haben wir nicht verstanden; es zählen 20 km"),
        ("umkreis=7", "Den Umkreis „7“ haben wir nicht verstanden; es zählen 20 km"),
        ("kinder=viele", "„viele“ ist keine Zahl von Kindern"),
        ("kinder=0", "„0“ ist keine Zahl von Kindern"),
        ("kosten=wenig", "„wenig“ ist kein Betrag"),
        ("tag=SA", "Den Wochentag „SA“ haben wir nicht verstanden"),
        ("datum=31.2.2027", "„31.2.2027“ ist kein Tag"),
        ("datum=2026-11-01", "Der Tag „2026-11-01“ ist schon vorbei"),
        ("bereich=x", "Den Bildungsbereich „x“ kennen wir nicht"),
        ("thema=x", "Das Thema „x“ kennen wir nicht"),
        ("sortierung=x", "Die Reihenfolge „x“ kennen wir nicht"),
        ("sortierung=naehe", "brauchen wir einen Ort"),
    ],
)
def test_what_is_not_understood_is_said_kept_and_filters_nothing(site, found, query, said):
    text = site.client().get(f"/?{query}").text
    page = html.fromstring(text)
    name, _, typed = query.partition("&")[0].partition("=")
    (field,) = page.cssselect(f"form [name={name}]")
    summary = page.cssselect("[role=alert] a")[0]

    assert len(titles(text)) == (2 if "&ort=" in query else 3)
    assert said in summary.text_content()
    assert (summary.get("href"), field.get("aria-invalid")) == (f"#{name}", "true")
    assert said in page.get_element_by_id(field.get("aria-describedby")).text_content()
    if name != "umkreis":
        assert (field.get("value") or field.cssselect("option[selected]")[0].get("value")) == typed


@pytest.mark.parametrize("name", ["mobil", "kostenfrei", "anfrage"])
def test_a_tick_that_is_not_understood_is_said_and_filters_nothing(site, found, name):
    text = site.client().get(f"/?{name}=nein").text
    page = html.fromstring(text)
    (box,) = page.cssselect(f"form input[name={name}]")
    (summary,) = page.cssselect("[role=alert] a")

    assert len(titles(text)) == 3
    assert f"„{LABELS[name]}“" in summary.text_content()
    assert "„nein“ haben wir nicht verstanden" in summary.text_content()
    assert (summary.get("href"), box.get("aria-invalid"), box.get("checked")) == (f"#{name}", "true", None)
    assert "nein" in page.get_element_by_id(box.get("aria-describedby")).text_content()
    assert page.get_element_by_id(name) is box


def test_every_filter_is_removed_by_a_link_of_its_own(site, found):
    query = "q=Wald&alter=4&ort=Wolgast&umkreis=50&kinder=12&kosten=x&mobil=1&sortierung=naehe"
    page = html.fromstring(site.client().get(f"/?{query}&utm=1").text)

    links = {link.text_content(): link.get("href") for link in page.cssselect(".chips a")}

    assert [words.removeprefix("Filter entfernen: ").removesuffix(" ×") for words in links] == [
        "„Wald“", "4 Jahre", "50 km um 17438 Wolgast", "Gruppe mit 12 Kindern", "x", "kommt in die Kita",
        "Alle Filter entfernen",
    ]  # fmt: skip
    without_place = links["Filter entfernen: 50 km um 17438 Wolgast ×"]
    assert without_place == "/?q=Wald&alter=4&kinder=12&kosten=x&mobil=1"
    assert links["Alle Filter entfernen"] == "/"


def test_the_list_says_how_many_offers_do_not_answer_a_filter(site, found):
    text = " ".join(html.fromstring(site.client().get("/?alter=2&kostenfrei=1").text).text_content().split())

    assert "1 davon nennt kein Alter. 1 davon nennt keinen Preis. Sie stehen mit in der Liste." in text
    assert "davon nennt" not in site.client().get("/").text


def test_nothing_found_says_which_filter_to_drop(site, found):
    page = html.fromstring(site.client().get("/?q=Waldmorgen&alter=5&mobil=").text)

    ways = {link.text_content(): link.get("href") for link in page.cssselect(".ways-out a")}

    assert ways == {"ohne „Waldmorgen“: 2 Angebote": "/?alter=5", "ohne „5 Jahre“: 1 Angebot": "/?q=Waldmorgen"}


def test_offers_beyond_the_border_are_found_by_distance_only(site):
    site.harvest(make_source_offer())
    near = make_place(locality="Kröslin", postcode="17440", lat=54.12, lon=13.75)
    site.harvest(make_other_offer(place=near), source=other_source())

    assert titles(site.client().get("/").text) == ["Dinosaurier entdecken"]
    assert sorted(titles(site.client().get("/?ort=17489&umkreis=50").text)) == [
        "Dinosaurier entdecken",
        "Kieler Sprotten",
    ]


def test_a_card_says_how_far_it_is_and_what_the_group_pays(site, found):
    page = html.fromstring(site.client().get("/?ort=17489&umkreis=50&kinder=20").text)
    cards = {card.cssselect("h3")[0].text_content(): card.text_content() for card in page.cssselect(".cards .card")}

    assert "(50 € für 20 Kinder)" in cards["Dinosaurier entdecken"]
    assert "Wolgast (25 km Luftlinie)" in cards["Waldmorgen mit der Försterin"]


@pytest.mark.parametrize("asked", ["30", "", "viel"])
def test_a_radius_that_cannot_be_chosen_shows_the_one_that_was_used(site, asked):
    page = site.client().get("/", query_string={"ort": "17489", "umkreis": asked}).text

    assert '<option value="20" selected>' in page


def test_nothing_found_says_what_helps(site):
    assert "größerer Umkreis" in site.client().get("/?q=nirgendwo").text


@pytest.mark.parametrize("name", [*LABELS, "seite", "_external"])
def test_no_value_of_a_parameter_breaks_the_search(found, site, name):
    for value in HOSTILE_VALUES:
        response = site.client().get(f"/?{name}={value}&ort=17489")

        assert response.status_code == 200, value
        assert "<script" not in response.text


def test_parameters_of_others_never_enter_a_link(site):
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}") for n in range(25)))

    page = site.client().get("/?endpoint=x&_scheme=javascript&_external=1&_anchor=y&q=Angebot&utm=z").text
    (link,) = html.fromstring(page).cssselect("a[rel=next]")

    assert link.get("href") == "/?q=Angebot&seite=2"


def test_pages_are_bounded_and_lead_on(site):
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}") for n in range(25)))
    client = site.client()

    first, second, far = (client.get(f"/?seite={n}").text for n in ("1", "2", "99999999999999999999"))

    assert (len(titles(first)), len(titles(second)), titles(far)) == (20, 5, [])
    assert set(titles(first)) & set(titles(second)) == set()
    assert html.fromstring(second).cssselect("a[rel=prev]")[0].get("href") == "/"


def test_a_region_lists_its_own_offers_where_there_are_several(site):
    site.harvest(make_source_offer())
    site.harvest(make_other_offer(), source=other_source())

    assert titles(site.client().get("/").text) == ["Dinosaurier entdecken"]
    assert titles(site.client("kiel.example").get("/").text) == ["Kieler Sprotten"]


def test_a_search_is_fresh_until_something_is_published_or_the_day_ends(site):
    site.harvest(make_source_offer())
    client = site.client()
    etag = client.get("/").headers["ETag"]

    again = client.get("/", headers={"If-None-Match": etag})
    other_words = client.get("/?q=x", headers={"If-None-Match": etag})
    site.harvest(make_source_offer("neu", title="Neu"))
    after_publishing = client.get("/", headers={"If-None-Match": etag})
    newer = after_publishing.headers["ETag"]
    site.now += timedelta(days=1)
    tomorrow = client.get("/", headers={"If-None-Match": newer})

    assert (again.status_code, again.data) == (304, b"")
    assert [r.status_code for r in (other_words, after_publishing, tomorrow)] == [200, 200, 200]
    assert not etag.startswith("W/")


def test_a_coordinator_gets_the_same_page_as_everybody(site):
    site.harvest(make_source_offer())
    coordinator = site.coordinator()
    coordinator.get("/desk/")

    for path in ("/", "/daten", "/impressum"):
        theirs, everybodys = coordinator.get(path), site.client().get(path)
        assert theirs.data == everybodys.data
        assert "Cookie" not in theirs.headers.get("Vary", "")


def test_an_offer_shows_its_facts(site):
    (offer,) = site.harvest(make_source_offer())

    text = " ".join(html.fromstring(site.client().get(f"/angebote/{offer}").text).text_content().split())

    for fact in (
        "4 bis 6 Jahre",
        "2,50 € pro Kind",
        "8 bis 20 Kinder",
        "Hauptstraße 1, 17489 Greifswald",
        "03834 12345",
        "mindestens 14 Tage",
    ):
        assert fact in text


def test_facts_only_shows_no_prose_open_texts_show_with_credit(site):
    (hidden,) = site.harvest(make_source_offer())
    open_source = make_source("mv_offen", rights=OPEN)
    (shown,) = site.harvest(make_source_offer(source="mv_offen", rights=OPEN), source=open_source)
    client = site.client()

    without, with_text = client.get(f"/angebote/{hidden}").text, client.get(f"/angebote/{shown}").text

    assert "Ammoniten" not in without
    assert "Wir zeigen nur Fakten" in without
    assert "Ammoniten" in with_text
    assert 'href="http://dcat-ap.de/def/licenses/cc-by/4.0"' in with_text


def test_a_page_without_a_providers_page_sends_nobody_there_for_the_full_text(site):
    (read,) = site.harvest(make_source_offer(url=None))
    typed = type_in(site, make_entry(terms="facts_only"), accept=True)
    client = site.client()

    without, by_form = client.get(f"/angebote/{read}").text, client.get(f"/angebote/{typed.offer}").text

    assert "Wir zeigen nur Fakten; mehr erfahren Sie beim Anbieter." in without
    assert "Wir zeigen nur Fakten; einen Text hat der Anbieter nicht zur Veröffentlichung freigegeben." in by_form
    assert "den vollen Text lesen Sie" not in without + by_form
    assert "Wir formen Ton" not in by_form


def test_evidence_and_personal_contacts_stay_in_the_house(site):
    (offer,) = site.harvest(
        make_source_offer(
            booking=Booking(
                contact=Contact(name="Erika Muster", phone="0170 1", mail="erika@privat.example", personal=True)
            )
        )
    )

    page = site.client().get(f"/angebote/{offer}").text

    assert [word for word in ("Erika", "0170 1", "erika@", "Wortlaut zu") if word in page] == []


def test_hostile_texts_are_shown_as_text_and_hostile_addresses_as_no_link(site):
    rights = Rights(kind=RightsKind.OPEN, licence="javascript:alert(3)", attribution=HOSTILE)
    (offer,) = site.harvest(
        make_source_offer(
            rights=rights,
            title=HOSTILE,
            summary=HOSTILE,
            description=HOSTILE,
            url="javascript:alert(1)",
            provider=Provider(name=HOSTILE.replace("\0", ""), url="data:text/html,x"),
            booking=Booking(url="JaVaScRiPt:alert(2)"),
            place=make_place(name=HOSTILE),
        ),
        source=make_source(rights=rights),
    )
    for path in ("/", f"/angebote/{offer}"):
        text = site.client().get(path).text
        page = html.fromstring(text)

        assert [script.get("type") for script in page.iter("script")] in ([], ["application/ld+json"])
        assert page.cssselect("[onerror]") == []
        assert [
            a.get("href")
            for a in page.iter("a")
            if not a.get("href").startswith(("/", "#", "https://museum.example/kita/"))
        ] == []
        assert "\u202e" not in text
        assert "\0" not in text
        assert "{{ 7*7 }}" in text


def test_old_addresses_answer_for_ever(site):
    held, gone, over = site.harvest(
        make_source_offer("a"),
        make_source_offer("b"),
        make_source_offer("c", schedule=make_dated_schedule(date(2020, 1, 1))),
    )
    with site.database.begin() as session:
        decide(session, gone, DecisionKind.REJECT, by="x", now=site.now)
    client = site.client()

    assert client.get(f"/angebote/{held}").status_code == 200
    assert client.get(f"/angebote/{gone}").status_code == 410
    assert "abgelehnt" in client.get(f"/angebote/{gone}").text
    assert client.get(f"/angebote/{over}").status_code == 404  # was over before it could be shown
    assert client.get("/angebote/oaaaaaaaaaaaaaaa").status_code == 404
    assert [client.get(f"/angebote/{bad}").status_code for bad in ("%00", "x", "O" + "a" * 15, "a" * 9000)] == [404] * 4


def test_in_place_of_an_offer_that_is_gone_similar_ones_nearby_are_shown(site):
    gone, _, _ = site.harvest(
        make_source_offer("a", title="Weg"),
        make_source_offer("b", title="Nah und ähnlich"),
        make_source_offer("c", title="Fern", place=make_place(locality="Kiel", lat=54.32, lon=10.13)),
    )
    with site.database.begin() as session:
        decide(session, gone, DecisionKind.REJECT, by="x", now=site.now)

    response = site.client().get(f"/angebote/{gone}")

    assert response.status_code == 410
    assert titles(response.text) == ["Nah und ähnlich"]
    assert "Es tut uns leid" in response.text


def test_an_offer_leads_to_the_timetable_and_to_reporting_an_error(site):
    (offer,) = site.harvest(make_source_offer())
    region = site.app.extensions["kitalotse"].regions["13075"]
    site.app.extensions["kitalotse"].regions["13075"] = region.model_copy(
        update={"timetable_url": "https://fahrplan.example/"}
    )

    text = site.client().get(f"/angebote/{offer}").text

    assert 'href="https://fahrplan.example/"' in text
    assert f'href="/angebote/{offer}/melden"' in text
    assert 'href="tel:0383412345"' in text


def test_a_cancelled_offer_says_so_and_is_not_in_the_list(site):
    (offer,) = site.harvest(make_source_offer(cancelled=True, schedule=make_dated_schedule(TODAY + timedelta(days=3))))

    assert "abgesagt" in site.client().get(f"/angebote/{offer}").text
    assert titles(site.client().get("/").text) == []


def test_an_offer_page_is_fresh_until_its_version_or_its_last_sight_changes(site):
    (offer,) = site.harvest(make_source_offer())
    client = site.client()
    etag = client.get(f"/angebote/{offer}").headers["ETag"]

    assert client.get(f"/angebote/{offer}", headers={"If-None-Match": etag}).status_code == 304
    site.now += timedelta(hours=1)
    site.harvest(make_source_offer())

    assert client.get(f"/angebote/{offer}", headers={"If-None-Match": etag}).status_code == 200


def test_search_and_offer_page_work_on_both_databases(both_sites):
    (offer,) = both_sites.harvest(make_source_offer())
    client = both_sites.client()

    assert titles(client.get("/?q=Dinosaurier&alter=5&ort=17489&kostenfrei=&tag=TU").text) == ["Dinosaurier entdecken"]
    assert client.get(f"/angebote/{offer}").status_code == 200
    assert client.get("/?q=%00&ort=%00").status_code == 200
