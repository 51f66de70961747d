"""The API of kulturdaten.berlin → items → Records."""

import json
from functools import partial
from typing import Any

import pytest

from harvesters.formats import kulturdaten
from harvesters.formats.listing import Page
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.factories import NOW
from tests.harvesters.parsing import described, only, parse, rules

URL = "https://kultur.example/api/events?pageSize=2"
read = partial(parse, kulturdaten.LISTING.alone(), kind="kulturdaten", start=(URL,))


def reference(identity: str, label: str) -> dict[str, Any]:
    return {"referenceType": "type.X", "referenceId": identity, "referenceLabel": {"de": label}}


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "type": "type.Event",
        "identifier": f"E_{number}",
        "status": "event.published",
        "scheduleStatus": "event.scheduled",
        "schedule": {"startDate": f"2026-12-0{number}", "startTime": "10:00:00", "endTime": "00:00:00"},
        "attractions": [reference("A_1", "Puppenspiel")],
        "locations": [reference("L_1", "Puppenbühne")],
    } | more


ATTRACTION = {
    "type": "type.Attraction",
    "identifier": "A_1",
    "status": "attraction.published",
    "title": {"de": "Puppenspiel", "en": "Puppets"},
    "description": {"de": "Für Kinder ab 3 Jahren."},
    "pleaseNote": {"de": "Bitte pünktlich."},
    "tags": ["attraction.category.Kids", "attraction.category.Theater"],
    "externalLinks": [{"displayName": "Karten", "url": "https://buehne.example/spiel"}],
}
LOCATION = {
    "type": "type.Location",
    "identifier": "L_1",
    "title": {"de": "Puppenbühne am Markt"},
    "address": {"streetAddress": "Markt 1", "postalCode": "10178", "addressLocality": "Berlin"},
    "coordinates": {"latitude": "52.5", "longitude": "13.4"},
    "accessibility": ["location.accessibility.WheelchairAccessible"],
}
TAG = {"type": "type.Tag", "identifier": "attraction.category.Kids", "title": {"de": "Kinder"}}


def listed(*entries: object) -> str:
    return json.dumps(list(entries))


def page(*entries: object, number: int = 1, total: int | None = 5, url: str = URL) -> Page:
    data = {"page": number, "pageSize": 2, "totalCount": total, "events": list(entries)}
    content = json.dumps({"success": True, "message": "", "data": data}).encode()
    return kulturdaten.read_page(content, source=described("kulturdaten", start=(URL,)), url=url, fetched_at=NOW)


def test_the_events_of_an_attraction_at_a_location_are_one_offer() -> None:
    admission = {
        "ticketType": "ticketType.freeOfCharge",
        "registrationType": "registrationType.registrationRequired",
        "note": {"de": "Karten an der Kasse."},
    }
    events = [event(2, admission=admission, organizer=reference("O_1", "Bühne e. V.")), event(1)]

    found = only(read(listed(*events, ATTRACTION, LOCATION, TAG)))

    assert (found.origin.key, found.title, found.format) == ("A_1 L_1", "Puppenspiel", "kulturdaten")
    assert found.text == "Für Kinder ab 3 Jahren.\nBitte pünktlich.\nKarten an der Kasse."
    assert found.url == "https://buehne.example/spiel"
    assert [instance.start for instance in found.occurrences] == ["2026-12-01T10:00", "2026-12-02T10:00"]
    assert found.words == {
        "provider": "Bühne e. V.",
        "place_name": "Puppenbühne am Markt",
        "street": "Markt 1",
        "postcode": "10178",
        "locality": "Berlin",
        "lat": "52.5",
        "lon": "13.4",
        "topics": "Kinder, Theater",
        "accessibility": "WheelchairAccessible",
        "price": "kostenlos",
        "booking": "Anmeldung erforderlich",
    }


def test_without_the_other_lists_an_event_has_the_labels_that_it_repeats() -> None:
    found = only(read(listed(event())))

    assert (found.title, found.words["place_name"]) == ("Puppenspiel", "Puppenbühne")
    assert found.occurrences == (RawOccurrence(start="2026-12-01T10:00"),)


@pytest.mark.parametrize(
    "own",
    [
        {"title": {"de": "Premiere"}},
        {"attractions": [reference("A_1", "x"), reference("A_2", "y")]},
        {"attractions": []},
    ],
    ids=["title", "two attractions", "none"],
)
def test_what_is_more_than_a_date_of_one_attraction_is_an_offer_by_itself(own: dict[str, Any]) -> None:
    records = read(listed(event(1), event(2, **({"title": {"de": "Fest"}} | own)))).records

    assert [one.origin.key for one in records] == ["A_1 L_1", "E_2"]


def test_a_cancelled_event_is_a_cancelled_date() -> None:
    found = only(read(listed(event(1), event(2, scheduleStatus="event.cancelled"))))

    assert [instance.status for instance in found.occurrences] == [None, "cancelled"]


@pytest.mark.parametrize("status", ["event.archived", "event.unpublished"])
def test_what_is_no_longer_published_is_deleted(status: str) -> None:
    parsed = read(listed(event(1), event(2, status=status)))

    assert ([len(one.occurrences) for one in parsed.records], parsed.deleted) == ([1], ("E_2",))


def test_persons_who_answer_for_an_event_are_not_taken_over() -> None:
    contact = {"name": "Erika Beispiel", "email": "erika@beispiel.example", "telephone": "030 1234567"}

    assert "rika" not in only(read(listed(event(contact=contact)))).model_dump_json()


def test_pages_are_counted() -> None:
    assert page(event(1), event(2)).next == "https://kultur.example/api/events?page=2&pageSize=2"
    assert page(event(5), number=3).next is None
    assert page(number=2).next is None  # an empty page: nothing comes after it, and the count says what is missing
    assert page(event(1), total=7).total == 7
    assert page(event(1), event(2), total=None).next == "https://kultur.example/api/events?page=2&pageSize=2"
    assert page(event(1), total=None).next is None


def test_lists_without_an_event_are_said() -> None:
    assert rules(read(listed(ATTRACTION))) == ["kulturdaten.no_events"]


def test_an_entry_without_an_identifier_may_be_a_known_offer() -> None:
    parsed = read(listed(event(), {"type": "type.Event"}, 7))

    assert (len(parsed.records), rules(parsed), parsed.complete) == (1, ["kulturdaten.no_identifier"], False)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!doctype html><html><body>Bitte anmelden</body></html>", "json_api.page"),
        ('{"data": {"events": [', "json_api.broken"),
        ('{"success": false, "message": "no"}', "kulturdaten.no_list"),
        ('{"success": true, "data": {"event": {}}}', "kulturdaten.no_list"),
    ],
)
def test_what_is_no_list_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule
