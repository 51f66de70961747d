"""offers.ics against RFC 5545: folding, types, escaping, cancelled dates, identity; read back by a library."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from icalendar import Calendar

from schemas.offer import Occurrence, Schedule
from schemas.publish import public
from schemas.vocabulary import OccurrenceStatus, ScheduleKind
from tests.factories import OPEN, TODAY, make_dated_schedule, make_offer, make_source_offer
from tests.webapp.site import HOSTILE, Site
from webapp.feeds.ical import MAX_DATES, calendar

STAMP = datetime(2026, 11, 23, 7, tzinfo=UTC)
SOON = TODAY + timedelta(days=8)


def made(**offer: object) -> bytes:
    shown = public(make_offer(**({"schedule": make_dated_schedule(SOON)} | offer)))
    return b"".join(calendar([shown], name="Kitalotse", base_url="https://k.example", stamp=STAMP, since=TODAY))


def events(body: bytes) -> list[Calendar]:
    read = Calendar.from_ical(body)
    assert read.errors == []
    for event in read.walk("VEVENT"):
        assert event.errors == []
        assert set(event.required) <= set(event)
    return list(read.walk("VEVENT"))


@pytest.mark.parametrize("title", ["Dinos", "a" * 300, "ä" * 300, "🦕" * 100, "a;b,c\\d\ne", HOSTILE])
def test_lines_are_what_rfc_5545_asks_for(title):
    body = made(title=title, rights=OPEN, summary=f"{title}\r\nzweite Zeile")

    assert body.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"")
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is cut in two
        assert re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", line) is None
    for line in body.replace(b"\r\n ", b"").split(b"\r\n")[:-1]:
        assert re.match(rb"[A-Z-]+(;[A-Z-]+=[^:;]+)*:", line), line


def test_properties_that_must_be_there_once_are_there_once():
    body = made(schedule=make_dated_schedule(SOON, SOON + timedelta(days=1))).decode()

    for name in ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:", "BEGIN:VTIMEZONE", "TZID:Europe/Berlin"):
        assert len(re.findall(f"^{name}", body, re.MULTILINE)) == 1
    assert "METHOD" not in body  # an iTIP PUBLISH would need an ORGANIZER, whom we do not make up
    for event in body.split("BEGIN:VEVENT")[1:]:
        for name in ("UID", "DTSTAMP", "DTSTART", "SUMMARY", "STATUS", "SEQUENCE", "URL"):
            assert len(re.findall(f"^{name}[;:]", event, re.MULTILINE)) == 1


def test_an_event_says_what_when_and_where():
    (event,) = events(made())

    assert event["SUMMARY"] == "Dinosaurier entdecken"
    assert event["DTSTART"].dt.isoformat() == "2026-12-01T10:00:00+01:00"
    assert event["DTEND"].dt.isoformat() == "2026-12-01T11:00:00+01:00"
    assert event["DTSTAMP"].dt == STAMP
    assert event["LOCATION"] == "Beispielmuseum, Hauptstraße 1, 17489 Greifswald"
    assert event["URL"] == "https://k.example/angebote/oaaaaaaaaaaaaaaa"
    assert event["STATUS"] == "CONFIRMED"
    assert event["UID"] == "oaaaaaaaaaaaaaaa-20261201T1000@kitalotse"


def test_a_date_without_a_time_is_a_day_that_blocks_nobody():
    (event,) = events(made(schedule=make_dated_schedule(SOON, start=None, end=None)))

    assert (event["DTSTART"].dt, event["DTEND"].dt) == (SOON, SOON + timedelta(days=1))
    assert event["TRANSP"] == "TRANSPARENT"


def test_times_of_another_zone_are_given_in_the_zone_that_is_described():
    occurrence = Occurrence(day=SOON, start=time(9), end=time(10), zone="UTC")
    (event,) = events(made(schedule=Schedule(kind=ScheduleKind.DATED, occurrences=(occurrence,))))

    assert event["DTSTART"].dt.isoformat() == "2026-12-01T10:00:00+01:00"
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2027, 7, 1)])
def test_the_described_zone_agrees_with_the_real_one(day):
    zone = next(iter(Calendar.from_ical(made()).walk("VTIMEZONE"))).to_tz()

    for hour in (0, 1, 4, 12, 23):
        real = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        assert (
            real.astimezone(zone).utcoffset()
            == Occurrence(day=real.astimezone(zone).date(), start=real.astimezone(zone).time()).starts_at.utcoffset()
        )  # type: ignore[union-attr]


def test_rights_and_the_page_stand_in_every_event_and_the_tables_in_the_calendar():
    body = made(rights=OPEN)
    (event,) = events(body)

    assert event["DESCRIPTION"].split("\n") == [
        "Eine Führung zu den Knochen der Urzeit.",
        "https://k.example/angebote/oaaaaaaaaaaaaaaa",
        "Fakten: CC0 1.0. Text: Beispielmuseum, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/deed.de), "
        "verändert: gekürzt, vereinheitlicht.",
    ]
    assert "GeoNames (CC BY 4.0)" in Calendar.from_ical(body)["DESCRIPTION"]


def test_a_cancelled_date_is_cancelled_alone():
    on, off = make_dated_schedule(SOON, SOON + timedelta(days=7)).occurrences
    cancelled = off.model_copy(update={"status": OccurrenceStatus.CANCELLED})
    schedule = Schedule(kind=ScheduleKind.DATED, occurrences=(on, cancelled))

    assert [event["STATUS"] for event in events(made(schedule=schedule))] == ["CONFIRMED", "CANCELLED"]


def test_a_cancelled_offer_keeps_its_uid_and_raises_its_sequence(site: Site):
    client = site.client()
    site.harvest(make_source_offer(schedule=make_dated_schedule(SOON)))
    (before,) = events(client.get("/offers.ics").data)

    site.harvest(make_source_offer(schedule=make_dated_schedule(SOON), cancelled=True))
    (after,) = events(client.get("/offers.ics").data)

    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_only_dates_that_are_still_to_come_and_not_too_many():
    past = tuple(Occurrence(day=TODAY - timedelta(days=n)) for n in range(200, 0, -1))
    coming = tuple(Occurrence(day=TODAY + timedelta(days=n)) for n in range(200))
    found = events(made(schedule=Schedule(kind=ScheduleKind.RECURRING, occurrences=past + coming)))

    assert (len(found), found[0]["DTSTART"].dt) == (MAX_DATES, TODAY)


def test_offers_without_dates_have_no_event():
    assert events(made(schedule=Schedule(kind=ScheduleKind.ON_REQUEST))) == []
    assert events(made(schedule=None)) == []


def test_uids_are_unique_and_bytes_repeat(site: Site):
    days = [SOON + timedelta(days=n) for n in range(5)]
    site.harvest(*(make_source_offer(f"o{n}", schedule=make_dated_schedule(*days)) for n in range(3)))

    first, second = (site.client().get("/offers.ics").data for _ in range(2))
    uids = [str(event["UID"]) for event in events(first)]

    assert first == second
    assert len(set(uids)) == len(uids) == 15


def test_the_calendar_is_served_as_one(site: Site):
    response = site.client().get("/offers.ics")

    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert events(response.data) == []
