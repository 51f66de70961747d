"""schema.org JSON-LD → Records, and the mapping that microdata shares."""

import json
from functools import partial
from typing import Any

import pytest

from harvesters.formats import jsonld
from schemas.harvest import RawOccurrence, Record
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, jsonld.parse)


def page(*scripts: str, head: str = "") -> str:
    blocks = "".join(f'<script type="application/ld+json">{script}</script>' for script in scripts)
    return f"<!doctype html><html><head>{head}{blocks}</head><body><h1>x</h1></body></html>"


def node(**fields: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "Event", "name": "Waldtag"} | fields


def record(**fields: Any) -> Record:
    return only(read(page(json.dumps(node(**fields)).replace("</", "<\\/"))))


def test_an_event_becomes_a_record() -> None:
    found = record(
        **{"@id": "#tag", "@type": "ChildrensEvent"},
        name="Waldtag &#8211; f&uuml;r Kinder",
        url="/wald",
        description="<p>Mit Stockbrot.</p><p>Für Kinder ab 4 Jahren.</p>",
        startDate="2026-12-05T09:30:00+01:00",
        endDate="2026-12-05T11:00:00+01:00",
        eventStatus="https://schema.org/EventScheduled",
        organizer={
            "@type": "Organization",
            "name": "Waldschule",
            "url": "https://wald.example",
            "telephone": "03834 1",
        },
        location={
            "@type": "Place",
            "name": "Am Holz",
            "address": {"streetAddress": "Weg 3", "postalCode": "17489", "addressLocality": "Greifswald"},
            "geo": {"latitude": 54.09, "longitude": "13.38"},
        },
        offers={"@type": "Offer", "price": "4.50", "priceCurrency": "€"},
        typicalAgeRange="3-6",
        image=["https://wald.example/a.jpg"],
        inLanguage="de",
        sponsor={"@type": "Organization", "name": "Forstverein"},
    )

    assert (found.origin.key, found.origin.part) == ("https://museum.example/kita#tag", 0)
    assert (found.title, found.format) == ("Waldtag – für Kinder", "jsonld")
    assert found.text == "Mit Stockbrot.\nFür Kinder ab 4 Jahren."
    assert found.url == "https://museum.example/wald"
    assert found.occurrences == (
        RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T11:00", status="EventScheduled"),
    )
    assert found.words == {
        "kind": "ChildrensEvent",
        "status": "EventScheduled",
        "provider": "Waldschule",
        "provider_url": "https://wald.example",
        "phone": "03834 1",
        "place_name": "Am Holz",
        "street": "Weg 3",
        "postcode": "17489",
        "locality": "Greifswald",
        "lat": "54.09",
        "lon": "13.38",
        "price": "4,50 €",
        "ages": "3-6",
        "image_url": "https://wald.example/a.jpg",
        "languages": "de",
    }
    assert found.unread == {"sponsor": "Forstverein"}


# -- persons -----------------------------------------------------------------------------------------------------------

ERLE = {
    "@type": "Person", "name": "Wilma Erle", "url": "https://erle.example", "telephone": "03834 77",
    "email": "wilma.erle@wald.example",
}  # fmt: skip
SCHOOL = {"@type": "Organization", "name": "Waldschule", "telephone": "03834 1"}
WHO = ("provider", "provider_url", "phone", "mail")


def who(**fields: Any) -> dict[str, str]:
    return {name: said for name, said in record(**fields).words.items() if name in WHO}


@pytest.mark.parametrize("kind", ["Person", "http://schema.org/Person", ["Person", "Organization"]])
@pytest.mark.parametrize("role", ["organizer", "provider", "performer"])
def test_a_person_is_no_provider(role: str, kind: object) -> None:
    assert who(**{role: ERLE | {"@type": kind}}) == {}


def test_a_person_is_found_behind_a_reference_too() -> None:
    graph = [node(organizer=[{"@id": "#erle"}]), ERLE | {"@id": "#erle"}]

    found = only(read(page(json.dumps({"@graph": graph}))))

    assert not set(WHO) & set(found.words)


@pytest.mark.parametrize(
    "fields",
    [
        {"organizer": [ERLE, SCHOOL]},
        {"organizer": [SCHOOL, ERLE]},
        {"organizer": ERLE, "provider": SCHOOL},
        {"organizer": [{"name": "Erle & Co"}, SCHOOL]},
        {"organizer": [{"@id": "https://elsewhere.example/#org"}, SCHOOL]},
    ],
)
def test_of_several_organizers_the_named_organisation_counts(fields: dict[str, Any]) -> None:
    assert who(**fields) == {"provider": "Waldschule", "phone": "03834 1"}


def test_an_organizer_of_no_type_is_taken_at_its_word() -> None:
    assert who(organizer={"name": "Waldschule"}) == {"provider": "Waldschule"}


def test_a_person_as_contact_of_an_organisation_is_left_out() -> None:
    office = {"@type": "ContactPoint", "telephone": "03834 2", "email": "mailto:info@wald.example"}

    assert who(organizer={"name": "Waldschule", "contactPoint": [ERLE]}) == {"provider": "Waldschule"}
    assert who(organizer={"name": "Waldschule", "contactPoint": [ERLE, office]}) == {
        "provider": "Waldschule",
        "phone": "03834 2",
        "mail": "info@wald.example",
    }


def test_what_remains_unread_names_no_person() -> None:
    found = record(performer=[ERLE, {"@type": "MusicGroup", "name": "Waldkapelle"}], author=ERLE)

    assert found.unread == {"performer": "Waldkapelle"}


# -- what a script may look like ---------------------------------------------------------------------------------------

PLAIN = json.dumps(node())


@pytest.mark.parametrize(
    "script",
    [
        PLAIN,
        f"<!-- {PLAIN} -->",
        f"//<![CDATA[\n{PLAIN}\n//]]>",
        PLAIN[:-1] + ",}",
        "/* vom CMS */ " + PLAIN + " // Ende",
        PLAIN + ";",
        PLAIN.replace('"Waldtag"', '"Waldtag", "description": "Zeile\nZeile\tTab"'),
        f"[{PLAIN}]",
        json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, node()]}),
        json.dumps({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": node()}]}),
        json.dumps({"@type": "Museum", "event": [node()]}),
        json.dumps({"@type": "Organization", "makesOffer": {"@type": "Offer", "itemOffered": node()}}),
        json.dumps(node(**{"@type": ["Event", "http://schema.org/SocialEvent"]})),
        json.dumps([{"@id": "#a"}, node(**{"@id": "#a"})]),
    ],
)
def test_every_usual_way_to_write_it_is_read(script: str) -> None:
    assert [found.title for found in read(page(script)).records] == ["Waldtag"]


@pytest.mark.parametrize(
    ("wrong", "wording", "title"),
    [
        ('"Waldtag", "offers": {"price": NaN}', "NaN", "Waldtag"),
        (r'"Wald\ud83c"', r"\ud83c", "Wald\ufffd"),
    ],
)
def test_what_json_does_not_know_costs_only_itself(wrong: str, wording: str, title: str) -> None:
    parsed = read(page(PLAIN.replace('"Waldtag"', wrong)))

    assert [r.title for r in parsed.records] == [title]
    assert [(issue.rule, issue.wording) for issue in parsed.issues] == [("jsonld.repaired", wording)]


def test_a_truth_value_is_no_title() -> None:
    assert rules(read(page(PLAIN.replace('"Waldtag"', "true")))) == ["jsonld.no_title"]


def test_two_documents_in_one_script_are_two_offers() -> None:
    both = json.dumps(node(url="/a")) + "\n" + json.dumps(node(name="Seetag", url="/b"))

    assert [found.title for found in read(page(both)).records] == ["Waldtag", "Seetag"]


def test_a_broken_script_is_said_and_loses_nothing_else() -> None:
    parsed = read(page('{"@type": "Event", "name": ', PLAIN))

    assert [found.title for found in parsed.records] == ["Waldtag"]
    assert rules(parsed) == ["jsonld.broken_script"]
    assert parsed.issues[0].remedy


@pytest.mark.parametrize("script", ["[" * 100_000, '{"a":' * 50_000 + "1", '{"n": ' + "9" * 6000 + "}"])
def test_hostile_scripts_end(script: str) -> None:
    assert [found.title for found in read(page(script, PLAIN)).records] == ["Waldtag"]


def test_capitals_and_charset_in_the_type_are_read() -> None:
    content = page(PLAIN).replace("application/ld+json", "Application/LD+JSON; charset=utf-8")

    assert len(read(content).records) == 1


def test_other_types_are_no_offers() -> None:
    assert read(page(json.dumps(node(**{"@type": "NewsArticle"})), json.dumps({"@type": "WebPage"}))).records == ()


@pytest.mark.parametrize("content", ["", "   ", "<!-- nur ein Kommentar -->", "kein HTML"])
def test_pages_without_content_are_empty(content: str) -> None:
    assert read(content).records == ()


# -- identity ---------------------------------------------------------------------------------------------------------


def test_without_an_id_the_address_is_the_key() -> None:
    assert record(url="https://museum.example/wald").origin.key == "https://museum.example/wald"


def test_without_an_address_the_permalink_and_the_ordinal_are_the_key() -> None:
    content = page(PLAIN, json.dumps(node(name="Seetag")), head='<link rel="canonical" href="/kita/alles#oben">')

    keys = [(found.origin.key, found.origin.part) for found in read(content).records]

    assert keys == [("https://museum.example/kita/alles", 0), ("https://museum.example/kita/alles", 1)]


def test_a_permalink_on_another_host_is_not_believed() -> None:
    content = page(PLAIN, head='<link rel="canonical" href="https://boese.example/">')

    assert read(content).records[0].origin.key == "https://museum.example/kita"


def test_the_same_node_twice_is_one_record() -> None:
    assert len(read(page(json.dumps(node(url="/a")), json.dumps(node(url="/a")))).records) == 1


def test_a_copied_id_with_other_content_is_said() -> None:
    parsed = read(page(json.dumps(node(url="/a")), json.dumps(node(url="/a", name="Seetag"))))

    assert [found.title for found in parsed.records] == ["Waldtag"]
    assert rules(parsed) == ["jsonld.same_key_twice"]


def test_an_offer_without_a_name_is_said() -> None:
    assert rules(read(page(json.dumps(node(name=""))))) == ["jsonld.no_title"]


# -- the mapping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        ({"price": 0}, "0 €"),
        ({"price": "3,00 €", "priceCurrency": "EUR"}, "3,00 €"),
        ({"lowPrice": 3, "highPrice": 5, "priceCurrency": "EUR"}, "3–5 €"),
        ([{"name": "Kinder", "price": 3}, {"name": "Erwachsene", "price": "5.00"}], "Kinder: 3 €\nErwachsene: 5,00 €"),
        ({"priceSpecification": {"price": 45, "priceCurrency": "EUR", "unitText": "Gruppe"}}, "45 € pro Gruppe"),
        ("auf Anfrage", "auf Anfrage"),
        ({"price": "20", "priceCurrency": "USD"}, "20 USD"),
    ],
)
def test_prices_are_told_in_the_words_people_use(offers: Any, price: str) -> None:
    assert record(offers=offers).words["price"] == price


def test_free_is_said_where_no_price_is() -> None:
    assert record(isAccessibleForFree=True).words["price"] == "kostenlos"
    assert record(isAccessibleForFree="false").words.get("price") is None


@pytest.mark.parametrize(
    ("audience", "ages"),
    [
        ({"suggestedMinAge": 3, "suggestedMaxAge": 6}, "3–6 Jahre"),
        ({"suggestedMinAge": "4"}, "ab 4 Jahren"),
        ({"suggestedAge": {"minValue": 2, "maxValue": 3}}, "2–3 Jahre"),
    ],
)
def test_ages_of_an_audience_are_put_in_words(audience: Any, ages: str) -> None:
    found = record(audience={"@type": "PeopleAudience", "audienceType": "Kita-Gruppen"} | audience)

    assert (found.words["ages"], found.words["audience"]) == (ages, "Kita-Gruppen")


def test_an_address_as_text_stays_with_the_name() -> None:
    found = record(location={"@type": "Place", "name": "Am Holz", "address": "Weg 3, 17489 Greifswald"})

    assert found.words["place"] == "Am Holz, Weg 3, 17489 Greifswald"


def test_a_virtual_place_is_online() -> None:
    assert record(location={"@type": "VirtualLocation", "url": "https://x.example"}).words["modes"] == "online"


def test_the_state_of_an_event_is_kept() -> None:
    assert record(startDate="2026-12-05", eventStatus="EventCancelled").occurrences[0].status == "EventCancelled"
    sold_out = record(startDate="2026-12-05", offers={"availability": "https://schema.org/SoldOut"})
    assert sold_out.occurrences[0].status == "SoldOut"


def test_a_schedule_becomes_a_rule() -> None:
    found = record(
        eventSchedule={
            "@type": "Schedule",
            "repeatFrequency": "P2W",
            "byDay": ["https://schema.org/Tuesday", "Thursday"],
            "startDate": "2026-12-01",
            "endDate": "2027-06-30",
            "startTime": "09:30:00",
            "endTime": "11:00",
            "exceptDate": ["2026-12-29"],
        }
    )

    assert found.occurrences == (RawOccurrence(start="2026-12-01T09:30", end="2026-12-01T11:00"),)
    assert found.rrule == "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20270630"
    assert found.exdates == ("2026-12-29",)


def test_instances_of_a_course_are_its_dates() -> None:
    found = record(
        **{"@type": "Course"},
        hasCourseInstance=[
            {"@type": "CourseInstance", "startDate": "2026-12-12", "location": "Werkraum"},
            {"@type": "CourseInstance", "startDate": "2026-12-05"},
        ],
        timeRequired="PT1H30M",
    )

    assert [o.start for o in found.occurrences] == ["2026-12-05", "2026-12-12"]
    assert (found.words["place"], found.words["duration"]) == ("Werkraum", "90 Minuten")


def test_dates_in_words_stay_words() -> None:
    assert record(startDate="nach Vereinbarung").words["dates"] == "nach Vereinbarung"


def test_a_service_says_where_it_goes() -> None:
    found = record(**{"@type": "Service"}, areaServed={"name": "Vorpommern"}, serviceType="Umweltbildung")

    assert (found.words["service_area"], found.words["category"]) == ("Vorpommern", "Umweltbildung")


def test_what_a_node_points_to_is_found_in_the_graph() -> None:
    graph = [node(location={"@id": "#ort"}, url="/a"), {"@id": "#ort", "@type": "Place", "name": "Am Holz"}]

    assert only(read(page(json.dumps({"@graph": graph})))).words["place_name"] == "Am Holz"


def test_a_circle_of_nodes_ends() -> None:
    graph = [{"@id": "#a", "@type": "WebPage", "mainEntity": {"@id": "#b"}}, {"@id": "#b", "mainEntity": {"@id": "#a"}}]

    assert read(page(json.dumps({"@graph": graph}))).records == ()


def test_markup_in_titles_and_texts_does_not_survive() -> None:
    found = record(
        name="<img src=x onerror=alert(1)>Wald", description="<script>alert(1)</script>Text<style>p{}</style>"
    )

    assert (found.title, found.text) == ("Wald", "Text")


def test_a_very_long_text_is_cut_and_said() -> None:
    parsed = read(page(json.dumps(node(description="Wald " * 20_000))))

    assert len(parsed.records[0].text) == 50_000
    assert rules(parsed) == ["jsonld.cut"]


def test_what_a_place_offers_stands_beside_what_the_event_says_of_access() -> None:
    lift = {"@type": "LocationFeatureSpecification", "name": "Aufzug", "value": True}
    stairs = {"@type": "LocationFeatureSpecification", "name": "Rampe", "value": False}
    place = {"@type": "Place", "name": "Museum", "amenityFeature": [lift, stairs]}

    assert record(location=place).words["accessibility"] == "Aufzug"
    assert record(location=place, accessibilitySummary="DGS").words["accessibility"] == "DGS\nAufzug"
