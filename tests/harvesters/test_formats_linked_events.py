"""The API of LinkedEvents → items → Records."""

import json
from functools import partial
from typing import Any

import pytest

from harvesters.formats import linked_events
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.factories import NOW
from tests.harvesters.parsing import described, only, parse, rules

URL = "https://kalender.example/v1/event/?include=location,keywords"
read = partial(parse, linked_events.LISTING.alone(), kind="linked_events", start=(URL,))


def event(number: int = 1, name: str = "Märchenstunde", **more: Any) -> dict[str, Any]:
    return {
        "id": f"stadt:{number}",
        "@id": f"https://kalender.example/v1/event/stadt:{number}/",
        "@type": "Event/LinkedEvent",
        "name": {"de": name},
        "start_time": f"2026-12-0{number}T08:30:00Z",
        "end_time": f"2026-12-0{number}T09:30:00Z",
        "event_status": "EventScheduled",
        "super_event": None,
    } | more


def within(number: int) -> dict[str, str]:
    return {"@id": f"https://kalender.example/v1/event/stadt:{number}/"}


def listed(*events: object, **meta: object) -> str:
    return json.dumps({"meta": {"count": len(events), "next": None, "previous": None} | meta, "data": events})


def test_an_event_becomes_a_record() -> None:
    found = only(
        read(
            listed(
                event(
                    name="Märchenstunde",
                    short_description={"fi": "Satuja", "de": "Märchen hören."},
                    description={"de": "<p>Märchen für Kita-Gruppen.</p>", "en": "<p>Tales.</p>"},
                    info_url={"de": "https://kalender.example/maerchen"},
                    provider={"de": "Stadtbücherei"},
                    location={
                        "id": "ort:1", "name": {"de": "Bücherei"}, "street_address": {"de": "Markt 1"},
                        "postal_code": "17489", "address_locality": {"de": "Greifswald"},
                        "position": {"type": "Point", "coordinates": [13.38, 54.09]},
                    },
                    keywords=[{"@id": "k:1", "name": {"de": "Lesen"}}, {"@id": "k:2", "name": {"en": "Tales"}}],
                    audience=[{"name": {"de": "Kitas"}}],
                    audience_min_age=3,
                    audience_max_age=6,
                    offers=[
                        {"is_free": True, "price": None},
                        {"is_free": False, "price": {"de": "2"}, "info_url": {"de": "https://tickets.example"}},
                    ],
                    images=[{"url": "https://kalender.example/a.jpg", "license": "cc_by"}],
                    last_modified_time="2026-11-20T08:00:00Z",
                )
            )
        )
    )  # fmt: skip

    assert (found.origin.key, found.title, found.format) == ("stadt:1", "Märchenstunde", "linked_events")
    assert found.text == "Märchen hören.\nMärchen für Kita-Gruppen."
    assert found.url == "https://kalender.example/maerchen"
    assert found.occurrences == (
        RawOccurrence(start="2026-12-01T09:30", end="2026-12-01T10:30", status="EventScheduled"),
    )
    assert found.words == {
        "provider": "Stadtbücherei",
        "ages": "3 bis 6 Jahre",
        "audience": "Kitas",
        "topics": "Lesen, Tales",
        "status": "EventScheduled",
        "updated": "2026-11-20T08:00:00Z",
        "place_name": "Bücherei",
        "street": "Markt 1",
        "postcode": "17489",
        "locality": "Greifswald",
        "lat": "54.09",
        "lon": "13.38",
        "price": "kostenlos\n2 €",
        "booking_url": "https://tickets.example",
        "image_url": "https://kalender.example/a.jpg",
        "image_licence": "cc_by",
    }


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "listed"])
def test_a_recurring_event_is_one_offer_with_the_dates_of_its_instances(embedded: bool) -> None:
    parent = event(9, super_event_type="recurring", audience_min_age=3)
    instances = [event(n, super_event=parent if embedded else within(9)) for n in (2, 1)]

    found = only(read(listed(*instances, *([] if embedded else [parent]))))

    assert (found.origin.key, found.words["ages"]) == ("stadt:9", "ab 3 Jahren")
    assert [instance.start[:10] for instance in found.occurrences] == ["2026-12-01", "2026-12-02"]


def test_an_instance_that_says_otherwise_is_an_offer_of_its_own() -> None:
    parent = event(9, super_event_type="recurring", description={"de": "Für Kitas."})
    other = event(2, "Märchen auf Polnisch", super_event=within(9))

    records = read(listed(parent, event(1, super_event=within(9)), other)).records

    assert [(one.title, one.text) for one in records] == [
        ("Märchenstunde", "Für Kitas."),
        ("Märchen auf Polnisch", "Für Kitas."),
    ]


def test_events_under_one_roof_are_offers_of_their_own() -> None:
    festival = event(9, "Lesefest", super_event_type="umbrella")

    records = read(listed(festival, event(1, super_event=within(9)), event(2, super_event=within(7)))).records

    assert [one.origin.key for one in records] == ["stadt:9", "stadt:1", "stadt:2"]


def test_a_recurring_event_whose_instances_are_not_listed_lasts_not_all_that_time() -> None:
    found = only(read(listed(event(1, super_event_type="recurring", end_time="2027-03-01T09:30:00Z"))))

    assert (found.occurrences, found.words["dates"]) == ((), "2026-12-01T09:30 bis 2027-03-01T10:30")


def test_a_time_that_the_event_disowns_is_none() -> None:
    times = {"start_time": "2026-12-04T22:00:00Z", "end_time": "2026-12-05T21:59:00Z"}

    found = only(read(listed(event(has_start_time=False, has_end_time=False, **times))))

    assert [instance.start for instance in found.occurrences] == ["2026-12-04"]


def test_a_new_field_is_noticed_and_a_person_is_not_taken_over() -> None:
    found = only(read(listed(event(environment={"de": "drinnen"}, provider_contact_info={"de": "Erika Beispiel"}))))

    assert found.unread == {"environment": "drinnen"}


def test_what_is_deleted_is_told() -> None:
    parsed = read(listed(event(1), event(2, deleted=True)))

    assert ([one.origin.key for one in parsed.records], parsed.deleted) == (["stadt:1"], ("stadt:2",))


def test_a_place_that_is_only_a_reference_is_said() -> None:
    assert rules(read(listed(event(location={"@id": "https://kalender.example/v1/place/1/"})))) == [
        "linked_events.not_included"
    ]


def test_pages_follow_each_other() -> None:
    content = listed(event(), count=70, next="?page=2").encode()

    page = linked_events.read_page(content, source=described("linked_events", start=(URL,)), url=URL, fetched_at=NOW)

    assert (page.next, page.total) == ("https://kalender.example/v1/event/?page=2", 70)


def test_an_event_without_an_id_may_be_a_known_offer() -> None:
    parsed = read(listed(event(), {"name": {"de": "Wald"}}, 7))

    assert (len(parsed.records), rules(parsed), parsed.complete) == (1, ["linked_events.no_id"], False)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!doctype html><html><body>Bitte anmelden</body></html>", "json_api.page"),
        ('{"meta": {}, "data": [', "json_api.broken"),
        ('{"detail": "Not found."}', "linked_events.no_page"),
        ("[]", "linked_events.no_page"),
    ],
)
def test_what_is_no_list_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule
