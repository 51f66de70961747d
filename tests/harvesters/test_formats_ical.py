"""iCalendar → Records."""

from functools import partial

import pytest

from harvesters.formats import ical
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, ical.parse, kind="ical")


def calendar(*events: str, head: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n")


def event(*lines: str, uid: str = "1", start: str = "DTSTART:20261205T093000") -> str:
    return "\n".join((f"UID:{uid}", "SUMMARY:Waldtag", start, *lines))


def when(parsed: Parsed) -> list[tuple[str, str | None]]:
    return [(o.start, o.end) for o in only(parsed).occurrences]


def test_an_event_becomes_a_record() -> None:
    record = only(
        read(
            calendar(
                event(
                    "DTEND;TZID=Europe/Berlin:20261205T110000",
                    "LOCATION:Waldschule\\, Am Holz 3\\, 17489 Greifswald",
                    "DESCRIPTION:Für Kinder ab 4\\; mit Stockbrot.\\nVeranstalter: Forst",
                    "CATEGORIES:Natur,Kinder",
                    "STATUS:CONFIRMED",
                    "URL:/wald",
                    "GEO:54.09;13.38",
                    "X-MS-OLK:neu",
                    start="DTSTART;TZID=Europe/Berlin:20261205T093000",
                )
            )
        )
    )

    assert (record.origin.key, record.title, record.format) == ("1", "Waldtag", "ical")
    assert record.text == "Für Kinder ab 4; mit Stockbrot.\nVeranstalter: Forst"
    assert record.url == "https://museum.example/wald"
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T11:00", status="CONFIRMED"),)
    assert record.words == {
        "place": "Waldschule, Am Holz 3, 17489 Greifswald",
        "category": "Natur, Kinder",
        "status": "CONFIRMED",
        "lat": "54.09",
        "lon": "13.38",
    }
    assert record.unread == {"X-MS-OLK": "neu"}


def test_the_time_of_export_is_not_part_of_what_an_event_says() -> None:
    one = only(read(calendar(event("DTSTAMP:20261101T000000Z", "SEQUENCE:1"))))
    other = only(read(calendar(event("DTSTAMP:20261102T000000Z", "SEQUENCE:2"))))

    assert one == other


def test_folded_lines_are_joined() -> None:
    folded = calendar(event(uid="2026-12-05_waldtag_am_holz_der_freiwilligen_feuerwehr_und_fr")).replace(
        "feuerwehr_und", "feuer\r\n wehr_\r\n\tund"
    )

    assert only(read(folded)).origin.key == "2026-12-05_waldtag_am_holz_der_freiwilligen_feuerwehr_und_fr"


def test_utc_is_told_on_the_clock_of_the_source() -> None:
    assert when(read(calendar(event("DTEND:20260701T100000Z", start="DTSTART:20260701T080000Z")))) == [
        ("2026-07-01T10:00", "2026-07-01T12:00")
    ]


def test_an_end_that_is_the_start_is_not_stated() -> None:
    assert when(read(calendar(event("DTEND:20261205T093000")))) == [("2026-12-05T09:30", None)]


def test_a_duration_gives_the_end() -> None:
    assert when(read(calendar(event("DURATION:PT1H30M")))) == [("2026-12-05T09:30", "2026-12-05T11:00")]


def test_the_end_of_an_all_day_event_is_exclusive() -> None:
    both = calendar(
        event("DTEND;VALUE=DATE:20261206", start="DTSTART;VALUE=DATE:20261205"),
        event("DTEND;VALUE=DATE:20261208", uid="2", start="DTSTART;VALUE=DATE:20261205"),
    )

    days = [[(o.start, o.end) for o in record.occurrences] for record in read(both).records]

    assert days == [[("2026-12-05", None)], [("2026-12-05", "2026-12-07")]]


def test_a_feed_that_ends_days_where_they_begin_counts_inclusively() -> None:
    both = calendar(
        event("DTEND;VALUE=DATE:20261205", start="DTSTART;VALUE=DATE:20261205"),
        event("DTEND;VALUE=DATE:20261208", uid="2", start="DTSTART;VALUE=DATE:20261205"),
    )

    days = [[(o.start, o.end) for o in record.occurrences] for record in read(both).records]

    assert days == [[("2026-12-05", None)], [("2026-12-05", "2026-12-08")]]


def test_an_event_that_ends_before_it_starts_is_kept_for_the_normaliser_to_report() -> None:
    assert when(read(calendar(event("DTEND:20261205T080000")))) == [("2026-12-05T09:30", "2026-12-05T08:00")]


def test_a_rule_stays_a_rule_with_its_exceptions_and_moved_instances() -> None:
    series = event(
        "DTEND:20261201T110000", "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=10", "EXDATE:20261222T093000",
        start="DTSTART:20261201T093000",
    )  # fmt: skip
    moved = event("DTEND:20261209T110000", "RECURRENCE-ID:20261208T093000", start="DTSTART:20261209T093000")
    dropped = event("RECURRENCE-ID:20261215T093000", "STATUS:CANCELLED", start="DTSTART:20261215T093000")

    record = only(read(calendar(series, moved, dropped)))

    assert record.rrule == "FREQ=WEEKLY;COUNT=10;BYDAY=TU"
    assert record.exdates == ("2026-12-22T09:30",)
    assert record.occurrences == (
        RawOccurrence(start="2026-12-01T09:30", end="2026-12-01T11:00"),
        RawOccurrence(start="2026-12-09T09:30", end="2026-12-09T11:00", replaces="2026-12-08T09:30"),
        RawOccurrence(start="2026-12-15T09:30", status="CANCELLED", replaces="2026-12-15T09:30"),
    )


def test_further_dates_become_occurrences() -> None:
    starts = [o.start for o in only(read(calendar(event("RDATE:20261212T093000,20261219T093000")))).occurrences]

    assert starts == ["2026-12-05T09:30", "2026-12-12T09:30", "2026-12-19T09:30"]


def test_an_unknown_zone_is_said_and_the_clock_time_kept() -> None:
    parsed = read(calendar(event(start="DTSTART;TZID=Musterzone:20261205T093000")))

    assert rules(parsed) == ["ical.unknown_zone"]
    assert parsed.issues[0].wording == "Musterzone"
    assert [o.start for o in parsed.records[0].occurrences] == ["2026-12-05T09:30"]


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", "/freeassociation.sourceforge.net/Europe/Berlin"])
def test_zones_as_mail_programs_name_them_are_known(zone: str) -> None:
    assert when(read(calendar(event(start=f'DTSTART;TZID="{zone}":20261205T093000')))) == [("2026-12-05T09:30", None)]


def test_one_broken_event_costs_that_event() -> None:
    parsed = read(calendar(event(start="DTSTART:morgen"), event(uid="2")))

    assert [record.origin.key for record in parsed.records if record.occurrences] == ["2"]
    assert "ical.broken_value" in rules(parsed)
    assert "DTSTART:morgen" in parsed.issues[0].wording
    assert parsed.complete


def test_a_cut_off_calendar_keeps_what_is_whole_and_is_not_complete() -> None:
    whole = calendar(event(), event(uid="2"), event(uid="3"))
    parsed = read(whole[: whole.index("UID:3")])

    assert [record.origin.key for record in parsed.records] == ["1", "2"]
    assert rules(parsed) == ["ical.truncated"]
    assert not parsed.complete


def test_a_series_at_the_end_of_a_cut_off_calendar_may_lack_a_moved_date_and_is_not_read() -> None:
    series = event("RRULE:FREQ=WEEKLY;COUNT=4", uid="2")
    whole = calendar(event(), series, event("RECURRENCE-ID:20261212T093000", uid="2"))
    parsed = read(whole[: whole.index("RECURRENCE-ID")])

    assert [record.origin.key for record in parsed.records] == ["1"]
    assert not parsed.complete


def test_the_same_uid_for_two_different_events_keeps_the_first() -> None:
    parsed = read(calendar(event(), event(start="DTSTART:20270101T100000")))

    assert [o.start for o in parsed.records[0].occurrences] == ["2026-12-05T09:30"]
    assert rules(parsed) == ["ical.same_key_twice"]


def test_an_empty_calendar_is_complete_and_empty() -> None:
    parsed = read(calendar())

    assert (parsed.records, parsed.issues, parsed.complete) == ((), (), True)


def test_windows_umlauts_are_read() -> None:
    content = calendar(event("DESCRIPTION:Führung für Fünfjährige")).encode("cp1252")

    assert only(read(content)).text == "Führung für Fünfjährige"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!DOCTYPE html><html><body>Wartungsarbeiten", "ical.page"),
        ("Titel;Datum", "ical.no_calendar"),
        ("", "ical.no_calendar"),
    ],
)
def test_what_is_no_calendar_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule
    assert "https://museum.example/kita" in str(caught.value)


def test_an_event_without_a_title_is_left_out_and_said() -> None:
    parsed = read(calendar("UID:9\nDTSTART:20261205T093000"))

    assert parsed.records == ()
    assert rules(parsed) == ["ical.no_title"]


def test_a_key_pattern_takes_the_suffix_off() -> None:
    parsed = read(calendar(event(uid="wald@kalender")), key_pattern="^(.+)@kalender$")

    assert parsed.records[0].origin.key == "wald"
