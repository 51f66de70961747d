"""RPDE and OpenActive → items → Records."""

import json
from functools import partial
from typing import Any

import pytest

from harvesters.formats import rpde
from harvesters.formats.listing import Page
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.factories import NOW
from tests.harvesters.parsing import described, only, parse, rules

URL = "https://sport.example/feed"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
read = partial(parse, rpde.LISTING.alone(), kind="rpde", start=(URL,))


def item(
    data: dict[str, Any] | None, identity: object = 7, kind: str = "Event", modified: object = 1
) -> dict[str, Any]:
    if data is None:
        return {"state": "deleted", "kind": kind, "id": identity, "modified": modified}
    return {"state": "updated", "kind": kind, "id": identity, "modified": modified, "data": data}


def event(title: str | None = "Kinderturnen", **more: object) -> dict[str, Any]:
    named = {"name": title} if title else {}
    return {"@context": "https://openactive.io/", "@type": "Event", **named, **more}


def feed(*items: object, next: str | None = f"{URL}?after=1", **more: object) -> str:
    return json.dumps({"items": items, "next": next, **more})


def series(**more: object) -> dict[str, Any]:
    return event("Eltern-Kind-Turnen") | {"@type": "SessionSeries", "@id": f"{URL}/series/1", **more}


def session(number: int, **more: object) -> dict[str, Any]:
    times = {"startDate": f"2026-12-0{number}T09:00:00+01:00", "endDate": f"2026-12-0{number}T10:00:00+01:00"}
    return event(None) | {"@type": "ScheduledSession", "superEvent": f"{URL}/series/1", **times, **more}


def page(content: str) -> Page:
    return rpde.read_page(content.encode(), source=described("rpde", start=(URL,)), url=URL, fetched_at=NOW)


def test_an_item_becomes_a_record() -> None:
    data = event(
        description="Turnen für die Kleinsten.",
        url="https://sport.example/turnen",
        startDate="2026-12-05T08:30:00Z",
        endDate="2026-12-05T09:30:00Z",
        ageRange={"@type": "QuantitativeValue", "minValue": 3, "maxValue": 6},
        activity=[{"@type": "Concept", "prefLabel": "Turnen"}],
        accessibilitySupport=[{"@type": "Concept", "prefLabel": "Rollstuhl"}],
        organizer={"@type": "Organization", "name": "Sportverein"},
        leader=[{"@type": "Person", "name": "Erika Beispiel"}],
        location={
            "@type": "Place",
            "name": "Halle 1",
            "address": {"postalCode": "17489", "addressLocality": "Greifswald"},
        },
        offers=[{"@type": "Offer", "name": "Kind", "price": "2.50", "priceCurrency": "EUR"}],
        meetingPoint="Vor der Halle",
        remainingAttendeeCapacity=3,
        maximumAttendeeCapacity=20,
        duration="PT1H",
    )

    found = only(read(feed(item(data))))

    assert (found.origin.key, found.title, found.format) == ("Event/7", "Kinderturnen", "rpde")
    assert found.text == "Turnen für die Kleinsten.\nTreffpunkt: Vor der Halle"
    assert found.url == "https://sport.example/turnen"
    assert found.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T10:30"),)
    assert found.words == {
        "kind": "Event",
        "ages": "3–6 Jahre",
        "topics": "Turnen",
        "accessibility": "Rollstuhl",
        "provider": "Sportverein",
        "place_name": "Halle 1",
        "postcode": "17489",
        "locality": "Greifswald",
        "price": "Kind: 2,50 €",
        "capacity": "20",
        "duration": "60 Minuten",
    }
    assert found.unread == {}


def test_an_offer_has_no_page_but_its_own() -> None:
    assert only(read(feed(item(event())))).url is None


def test_names_of_older_feeds_are_read() -> None:
    data = {"type": "Event", "id": f"{URL}/7", "name": "Turnen", "location": {"type": "Place", "name": "Halle 1"}}

    assert only(read(feed(item(data)))).words["place_name"] == "Halle 1"


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "in the feed"])
def test_a_session_inherits_from_its_series_and_is_one_of_its_dates(embedded: bool) -> None:
    parent = series(description="Ab 3 Jahren.", ageRange={"minValue": 3})
    own = {"superEvent": parent} if embedded else {}
    sessions = [item(session(n, **own), n, "ScheduledSession", n) for n in (2, 1)]

    parsed = read(feed(*([] if embedded else [item(parent, 1, "SessionSeries")]), *sessions))
    found = parsed.records[0]

    assert len(parsed.records) == 1
    assert found.origin.key == (f"{URL}/series/1" if embedded else "SessionSeries/1")
    assert (found.title, found.text, found.words["ages"]) == ("Eltern-Kind-Turnen", "Ab 3 Jahren.", "ab 3 Jahren")
    assert [instance.start for instance in found.occurrences] == ["2026-12-01T09:00", "2026-12-02T09:00"]


def test_a_series_that_has_no_address_is_known_by_its_identifier() -> None:
    parent = {name: value for name, value in series(identifier=4711).items() if name != "@id"}

    found = only(read(feed(*(item(session(n, superEvent=parent), n, "S") for n in (1, 2)))))

    assert (found.origin.key, len(found.occurrences)) == ("4711", 2)


def test_of_very_many_dates_the_last_are_kept() -> None:
    sessions = (item(session(1, startDate=f"{2000 + n // 300}-01-01T{n % 24:02}:00"), n, "S") for n in range(2_100))

    (found,) = read(feed(item(series(), 1, "SessionSeries"), *sessions)).records

    assert (len(found.occurrences), found.occurrences[-1].start[:4]) == (2_000, "2006")


def test_a_session_that_differs_from_its_series_stands_for_itself() -> None:
    elsewhere = session(3, location={"@type": "Place", "name": "Schwimmhalle"})
    parent = series(location={"@type": "Place", "name": "Halle 1"}, description="Ab 3 Jahren.")

    records = read(feed(item(parent, 1, "SessionSeries"), item(session(1), 1, "S"), item(elsewhere, 3, "S"))).records

    assert [(one.origin.key, one.words["place_name"], one.text) for one in records] == [
        ("SessionSeries/1", "Halle 1", "Ab 3 Jahren."),
        ("S/3", "Schwimmhalle", "Ab 3 Jahren."),
    ]


def test_a_cancelled_and_a_full_session_say_so_for_their_date() -> None:
    sessions = [
        item(session(1, eventStatus="https://schema.org/EventCancelled", remainingAttendeeCapacity=0), 1, "S"),
        item(session(2, remainingAttendeeCapacity=0), 2, "S"),
        item(session(3, remainingAttendeeCapacity=5), 3, "S"),
    ]

    found = only(read(feed(item(series(), 1, "SessionSeries"), *sessions)))

    assert [instance.status for instance in found.occurrences] == ["EventCancelled", "SoldOut", None]


def test_bookings_do_not_change_a_record() -> None:
    few, many = (read(feed(item(event(remainingAttendeeCapacity=left), modified=left))) for left in (3, 15))

    assert few.records == many.records


def test_events_of_a_series_of_events_are_offers_of_their_own_and_it_is_none_beside_them() -> None:
    parent = event("Sporttage", description="Für alle.") | {"@type": "EventSeries", "@id": f"{URL}/tage"}
    events = [item(event(title, superEvent=f"{URL}/tage"), title) for title in ("Turnen", "Klettern")]

    records = read(feed(item(parent, 1, "EventSeries"), *events)).records

    assert [(one.title, one.text) for one in records] == [("Turnen", "Für alle."), ("Klettern", "Für alle.")]


def test_what_refers_to_nothing_is_said() -> None:
    with_name, without = item(session(1, name="Turnen"), 1, "S"), item(session(2), 2, "S")

    parsed = read(feed(with_name, without))

    assert [one.title for one in parsed.records] == ["Turnen"]
    assert rules(parsed) == ["rpde.parent_missing"]


def test_parents_that_bite_their_tail_end() -> None:
    one = event("A", superEvent=f"{URL}/b") | {"@id": f"{URL}/a"}
    two = event(None, superEvent=f"{URL}/a", description="Text") | {"@id": f"{URL}/b"}

    assert [found.title for found in read(feed(item(one, 1), item(two, 2))).records] == ["A"]


def test_a_schedule_is_a_rule_with_its_exceptions() -> None:
    schedule = {
        "@type": "Schedule", "byDay": ["https://schema.org/Thursday"], "startDate": "2026-12-03", "startTime": "11:00",
        "endTime": "12:00", "endDate": "2027-02-25", "exceptDate": ["2026-12-24T11:00:00.000Z"], "duration": "PT1H",
    }  # fmt: skip

    found = only(read(feed(item(series(eventSchedule=[schedule], startDate="2026-12-03", duration="P84D"), 1, "C"))))

    assert (found.rrule, found.exdates) == ("FREQ=WEEKLY;BYDAY=TH;UNTIL=20270225", ("2026-12-24",))
    assert found.occurrences == (RawOccurrence(start="2026-12-03T11:00", end="2026-12-03T12:00"),)
    assert found.words["duration"] == "60 Minuten"


def test_dates_count_more_than_a_schedule_that_may_be_partial() -> None:
    schedule = {
        "@type": "PartialSchedule",
        "repeatFrequency": "P1W",
        "byDay": ["schema:Tuesday"],
        "startDate": "2026-12-01",
    }
    data = series(eventSchedule=schedule, subEvent=[session(1), session(8)])

    found = only(read(feed(item(data, 1, "SessionSeries"))))

    assert found.rrule is None
    assert [instance.start[:10] for instance in found.occurrences] == ["2026-12-01", "2026-12-08"]


def test_an_event_names_the_parts_that_it_consists_of() -> None:
    parts = [session(1, name="Bambinilauf"), session(2, name="Kinderturnen"), session(3, name="Bambinilauf")]

    found = only(read(feed(item(event(subEvent=parts) | {"@type": "HeadlineEvent"}))))

    assert (found.text, len(found.occurrences)) == ("Mit: Bambinilauf", 3)


def test_a_second_schedule_is_told_in_words() -> None:
    days = [
        {"byDay": [f"schema:{day}"], "startDate": "2026-12-01", "startTime": "09:00"} for day in ("Tuesday", "Friday")
    ]

    found = only(read(feed(item(series(eventSchedule=days), 1, "SessionSeries"))))

    assert found.rrule == "FREQ=WEEKLY;BYDAY=TU"
    assert found.text == "Weitere Termine: freitags 09:00 Uhr, 01.12.2026"


def test_of_one_id_the_last_word_counts_be_it_that_it_is_deleted() -> None:
    parsed = read(
        feed(item(event("Alt")), item(None, 8), item(event("Neu"), modified=2), item(event("Da"), 8), item(None, 9))
    )

    assert [one.title for one in parsed.records] == ["Neu", "Da"]
    assert parsed.deleted == ("Event/9",)


def test_changes_beyond_what_a_float_can_count_keep_their_order() -> None:
    newer, older = 2**53 + 1, 2**53

    parsed = read(feed(item(event("Neu"), modified=newer), item(event("Alt"), modified=older)))
    text = read(feed(item(event("Neu"), modified=str(newer)), item(event("Alt"), modified=str(older))))

    assert [one.title for one in parsed.records] == [one.title for one in text.records] == ["Neu"]
    assert rules(parsed) == ["rpde.order"]


def test_a_clock_that_is_wrong_decides_nothing() -> None:
    wrong = [
        item(event("A"), 1, modified=2**63 + 5),
        item(event("B"), 2, modified=2**64 + 5),
        item(None, 3, modified=-1),
    ]

    parsed = read(feed(*wrong, item(event("C"), 4, modified="2014-09-15T09:12:51.706+01:00")))

    assert [one.title for one in parsed.records] == ["A", "B", "C"]
    assert parsed.deleted == ("Event/3",)


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "updated", "id": 1, "kind": "Event"},
        {"state": "updated", "kind": "Event", "data": {"@id": "x"}},
        {"state": "archived", "id": 1, "kind": "Event", "data": {}},
        {"id": 1, "kind": "Event", "data": {}},
        {"state": "deleted", "id": 1.5, "kind": "Event"},
        {"state": "deleted", "id": True, "kind": "Event"},
        "x",
        None,
    ],
)
def test_an_item_that_cannot_be_read_may_be_a_known_offer(broken: object) -> None:
    parsed = read(feed(item(event(), 2), broken))

    assert [one.title for one in parsed.records] == ["Kinderturnen"]
    assert (rules(parsed), parsed.complete) == (["rpde.item"], False)


@pytest.mark.parametrize("next", [None, "", 7, "http://[kaputt"])
def test_a_page_that_names_no_next_is_not_known_to_be_the_last(next: Any) -> None:
    found = page(feed(item(event()), next=next))

    assert ([issue.rule for issue in found.issues], found.complete) == (["rpde.no_next"], False)


def test_only_a_page_without_items_may_end_the_feed() -> None:
    assert (page(feed()).may_be_next, page(feed(item(None))).may_be_next) == (True, False)
    assert page(feed(next="?after=2")).next == f"{URL}?after=2"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!doctype html><html><body>Bitte anmelden</body></html>", "json_api.page"),
        ('{"items": [', "json_api.broken"),
        ('{"next": "x"}', "rpde.no_page"),
        ("[]", "rpde.no_page"),
        ('[{"state": "published", "modified": 7, "title": "Wald"}]', "rpde.no_page"),
        ('{"items": [{"title": "Wald"}], "next": "x"}', "rpde.no_page"),
        ("7", "rpde.no_page"),
    ],
)
def test_what_is_no_page_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule


def test_items_and_data_that_stand_alone_are_read() -> None:
    alone = [json.dumps(item(event())), json.dumps([item(event())]), json.dumps(event(identifier=7))]

    assert [only(read(content)).origin.key for content in alone] == ["Event/7", "Event/7", "7"]


def test_what_is_no_offer_is_said_and_places_beside_offers_are_not() -> None:
    slot, place = event() | {"@type": "Slot"}, event("Halle") | {"@type": "Place", "@id": f"{URL}/halle"}

    assert rules(read(feed(item(slot, 1, "Slot"), item(slot, 2, "Slot")))) == ["rpde.no_offer"]
    assert rules(read(feed(item(place, 1, "Place")))) == ["rpde.no_offer"]
    assert (
        only(read(feed(item(place, 1, "Place"), item(event(location=f"{URL}/halle"))))).words["place_name"] == "Halle"
    )


def test_a_licence_that_is_not_the_described_one_is_said() -> None:
    open_one = described("rpde", start=(URL,)).model_copy(
        update={"rights": {"kind": "open", "licence": "http://dcat-ap.de/def/licenses/cc-by/4.0", "attribution": "x"}}
    )
    same = type(open_one).model_validate(open_one.model_dump(warnings=False))

    assert rules(read(feed(item(event()), license=LICENCE), same)) == []
    assert rules(read(feed(item(event()), license=LICENCE.replace("by", "by-nc")), same)) == ["rpde.licence"]
    assert rules(read(feed(item(event()), license=LICENCE))) == ["rpde.licence"]


def test_numbers_of_any_length_and_depth_end() -> None:
    huge = feed(item(event(identifier=1))).replace('"identifier": 1', f'"identifier": {"9" * 200}, "x": NaN')
    deep = feed(item(event(programme=json.loads("[" * 150 + "]" * 150))))

    assert [one.title for one in read(huge).records] == ["Kinderturnen"]
    assert [one.title for one in read(deep).records] == ["Kinderturnen"]
