"""Records understood as a whole: own wording first, evidence for everything, Issues instead of guesses."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from harvesters.normalise.reading import Reading
from harvesters.normalise.record import normalise
from schemas.harvest import Access, AccessKind, Normalised, RawOccurrence, Record, Source, words_of
from schemas.offer import Rights, SourceKey
from schemas.vocabulary import RightsKind, ScheduleKind, Verdict

TODAY = date(2026, 11, 23)
TEXT = (
    "Mit Lupen und Bechern erkunden Kita-Gruppen den Bach am Forsthaus. Für Kinder von 3 bis 6 Jahren, "
    "höchstens 15 Kinder, "
    "90 Minuten, 2,50 € pro Kind, Begleitpersonen frei. Dienstags und donnerstags um 9.30 Uhr, April bis "
    "Oktober, nicht in den Ferien. "
    "Bitte zwei Wochen vorher anmelden: 05551 12345. Der Weg ist barrierefrei. Gummistiefel mitbringen!"
)


def a_source(**changes: Any) -> Source:
    """A source of an invented forest house in Lower Saxony."""
    given = {
        "name": "ni_forsthaus",
        "region": "03155",
        "access": Access(kind=AccessKind.HTML, start=("https://forsthaus.example/",)),
    }
    return Source(**{**given, **changes})


def understood(
    title: str = "Bachforscher", text: str = "", *, source: Source | None = None, **record: Any
) -> Normalised:
    """What is made of one Record."""
    key = SourceKey(source="ni_forsthaus", key="1")
    given = {
        "origin": key,
        "format": "html_selectors",
        "title": title,
        "text": text,
        "url": "https://forsthaus.example/bach",
    }
    return normalise(Record(**{**given, **record}), source or a_source(), today=TODAY)


def rules(result: Normalised) -> list[str]:
    """Rule codes of its Issues."""
    return [issue.rule for issue in result.issues]


def test_reads_a_whole_offer() -> None:
    fields = understood(
        text=TEXT, words={"place": "Forsthaus, 37574 Einbeck", "provider": "Forsthaus Solling"}
    ).offer.fields

    assert fields.kita_suitability is not None
    assert fields.kita_suitability.verdict.value == "yes"
    assert fields.ages is not None
    assert (fields.ages.min_months, fields.ages.max_months) == (36, 83)
    assert fields.group_size is not None
    assert fields.group_size.children_max == 15
    assert fields.duration_minutes == 90
    assert fields.price is not None
    assert (fields.price.model.value, fields.price.amount_eur, fields.price.adults_free) == ("per_child", 2.5, True)
    assert fields.schedule is not None
    assert fields.schedule.recurrence is not None
    assert fields.schedule.recurrence.rule == "FREQ=WEEKLY;BYDAY=TU,TH;BYMONTH=4,5,6,7,8,9,10"
    assert fields.schedule.recurrence.not_in_school_holidays
    assert fields.booking.lead_days == 14
    assert fields.booking.contact is not None
    assert fields.booking.contact.phone == "05551 12345"
    assert fields.place is not None
    assert fields.place.postcode == "37574"
    assert {mode.value for mode in fields.modes} == {"at_provider", "outdoor"}
    assert fields.accessibility == {"wheelchair": "yes"}
    assert fields.areas[0].value == "nature_sustainability" or "stem" in fields.areas


def test_every_value_has_a_rule_and_evidence_that_stands_in_the_text() -> None:
    words = {"place": "Forsthaus, 37574 Einbeck", "provider": "Forsthaus Solling"}
    record = Record(origin=SourceKey(source="s", key="1"), format="text", title="Bachforscher", text=TEXT, words=words)
    page = Reading(record, None, TODAY).page.text

    offer = normalise(record, None, today=TODAY).offer

    told = offer.fields.model_dump(exclude_defaults=True)
    assert set(told) == set(offer.provenance)
    for field, origin in offer.provenance.items():
        assert origin.rule, field
        assert 0 < origin.confidence <= 1, field
        if origin.evidence is not None:
            assert origin.evidence in page or origin.evidence in words.values(), (field, origin.evidence)


def test_says_where_and_when_it_was_read() -> None:
    fetched = datetime(2026, 11, 23, 5, tzinfo=UTC)

    origin = understood(text=TEXT, fetched_at=fetched, address="https://forsthaus.example/liste").offer.provenance[
        "ages"
    ]

    assert (origin.source, origin.address, origin.fetched_at) == (
        "ni_forsthaus",
        "https://forsthaus.example/liste",
        fetched,
    )


def test_own_wording_outweighs_the_text() -> None:
    fields = understood(
        text=TEXT, words={"ages": "4-6", "price": "3", "duration": "PT45M", "group_size": "12"}
    ).offer.fields

    assert fields.ages is not None
    assert (fields.ages.min_months, fields.ages.max_months) == (48, 83)
    assert fields.price is not None
    assert fields.price.amount_eur == 3
    assert fields.duration_minutes == 45
    assert fields.group_size is not None
    assert fields.group_size.children_max == 12


@pytest.mark.parametrize(
    ("name", "wording", "rule"),
    [
        ("ages", "gemischt", "ages.not_understood"),
        ("price", "nach Einkommen gestaffelt", "price.not_understood"),
        ("duration", "variabel", "duration_minutes.not_understood"),
        ("group_size", "wie es passt", "group_size.not_understood"),
        ("modes", "im Keller des Turms nebenan", "modes.not_understood"),
        ("languages", "Klingonisch", "languages.not_understood"),
        ("dates", "irgendwann", "schedule.not_understood"),
        ("topics", "Kohlenstoff", "topics.not_understood"),
        ("lead_time", "rechtzeitig", "booking.not_understood"),
    ],
)
def test_own_wording_that_means_nothing_is_an_issue_with_a_remedy(name: str, wording: str, rule: str) -> None:
    result = understood(words={name: wording})

    issue = next(issue for issue in result.issues if issue.rule == rule)
    assert issue.wording == wording
    assert "ni_forsthaus" in issue.where
    assert issue.message
    assert issue.remedy


def test_lookups_translate_a_source_s_wording() -> None:
    source = a_source(lookups={"ages": {"Stufe Grün": "3 bis 6 Jahre"}, "price": {"siehe Aushang": ""}})

    result = understood(source=source, words={"ages": "Stufe Grün", "price": "siehe Aushang"})

    assert result.offer.fields.ages is not None
    assert result.offer.fields.ages.min_months == 36
    assert rules(result) == []


@pytest.mark.parametrize(
    ("name", "wording", "meaning"),
    [
        ("price", "wie vereinbart mit Frau Adler, 0171 2345678", "kostenlos"),
        ("price", "nach\u00a0 Laune\nund Wetter", "2 Euro"),
        ("modes", "im Keller; auf dem Dachboden", "in der Kita"),
        ("topics", "Trara; Tschingbum", "Musik"),
        ("areas", "Trara / Tschingbum", "nature_sustainability"),
        ("languages", "Plattes; Rotwelsch", "Deutsch"),
        ("ages", "Minis und " * 60, "3 bis 6 Jahre"),
    ],
)
def test_what_the_desk_is_asked_about_is_understood_once_it_says_what_it_means(
    name: str, wording: str, meaning: str
) -> None:
    words = {name: wording}
    (asked,) = filter(None, map(words_of, understood(words=words).issues))

    source = a_source(lookups={asked[0]: {asked[1]: meaning}})

    assert not any(map(words_of, understood(words=words, source=source).issues))


def test_defaults_stand_where_the_record_says_nothing() -> None:
    source = a_source(defaults={"price": "kostenlos", "audience": "kita"})

    fields = understood(source=source).offer.fields

    assert fields.price is not None
    assert fields.price.model.value == "free"
    assert [code.value for code in fields.audience] == ["kita"]


def test_hours_by_arrangement_are_no_weekly_date() -> None:
    schedule = understood(words={"dates": "auf Anfrage, werktags ab 8.30 Uhr"}).offer.fields.schedule

    assert schedule is not None
    assert (schedule.kind, schedule.recurrence) == (ScheduleKind.ON_REQUEST, None)


def test_unknown_stays_unknown() -> None:
    fields = understood(title="Sonnenblume", text="Eine Blume.").offer.fields

    assert (fields.ages, fields.price, fields.duration_minutes, fields.group_size, fields.place) == (
        None,
        None,
        None,
        None,
        None,
    )
    assert fields.languages == ()
    assert fields.accessibility == {}


def test_rights_come_from_the_source() -> None:
    rights = Rights(
        kind=RightsKind.OPEN, licence="https://creativecommons.org/publicdomain/zero/1.0/", attribution="Forsthaus"
    )

    assert understood(source=a_source(rights=rights)).offer.rights == rights


def test_dates_given_as_data_are_read_strictly() -> None:
    occurrences = (
        RawOccurrence(start="2026-12-03T09:30:00+01:00", end="2026-12-03T11:00:00+01:00"),
        RawOccurrence(start="2026-12-05", end="2026-12-06"),
        RawOccurrence(start="2026-12-10T08:00:00Z", status="CANCELLED"),
    )

    schedule = understood(occurrences=occurrences).offer.fields.schedule

    assert schedule is not None
    assert [
        (o.day.day, o.start and o.start.isoformat("minutes"), o.end_day and o.end_day.day, o.status.value)
        for o in schedule.occurrences
    ] == [
        (3, "09:30", None, "scheduled"),
        (5, None, 6, "scheduled"),
        (10, "09:00", None, "cancelled"),
    ]


@pytest.mark.parametrize(
    ("start", "end", "rule"),
    [
        ("2026-02-31", None, "schedule.bad_start"),
        ("2027-03-28T02:30:00", None, "schedule.bad_start"),
        ("1970-01-01", None, "schedule.bad_start"),
        ("31.02.2027", None, "schedule.bad_start"),
        ("2026-12-03T10:00", "2026-12-03T09:00", "schedule.ends_before_start"),
        ("2026-12-03", "2026-12-01", "schedule.ends_before_start"),
        ("2026-12-03T10:00", "später", "schedule.bad_end"),
    ],
)
def test_dates_that_cannot_be_are_issues(start: str, end: str | None, rule: str) -> None:
    result = understood(occurrences=(RawOccurrence(start=start, end=end),))

    assert rules(result) == [rule]
    kept = result.offer.fields.schedule
    assert (kept is None) == (rule == "schedule.bad_start")
    assert kept is None or kept.occurrences[0].end is None


def test_the_night_of_the_clock_change_keeps_local_times() -> None:
    schedule = understood(
        occurrences=(RawOccurrence(start="2027-03-27T09:00:00+01:00"), RawOccurrence(start="2027-03-29T09:00:00+02:00"))
    ).offer.fields.schedule

    assert schedule is not None
    assert [o.start and o.start.hour for o in schedule.occurrences] == [9, 9]


def test_expands_a_rule_without_its_exceptions_and_moved_instances() -> None:
    result = understood(
        occurrences=(
            RawOccurrence(start="2026-11-24T09:00", end="2026-11-24T10:00"),
            RawOccurrence(start="2026-12-16T10:00", replaces="2026-12-15T09:00"),
        ),
        rrule="FREQ=WEEKLY;COUNT=5",
        exdates=("2026-12-08T09:00",),
    )

    schedule = result.offer.fields.schedule
    assert schedule is not None
    assert [o.day.isoformat() for o in schedule.occurrences] == ["2026-11-24", "2026-12-01", "2026-12-16", "2026-12-22"]
    assert schedule.recurrence is not None
    assert [day.value for day in schedule.weekdays] == ["TU"]


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYDAY=", "QUATSCH"]
)
def test_a_hostile_rule_leaves_the_first_day(rule: str) -> None:
    schedule = understood(occurrences=(RawOccurrence(start="2026-12-01T09:00"),), rrule=rule).offer.fields.schedule

    assert schedule is not None
    assert [o.day.isoformat() for o in schedule.occurrences][:1] == ["2026-12-01"]


def test_date_and_time_in_parts() -> None:
    schedule = understood(
        words={"start_date": "03.12.2026", "start_time": "9.30 Uhr", "end_time": "11:00"}
    ).offer.fields.schedule

    assert schedule is not None
    occurrence = schedule.occurrences[0]
    assert (
        occurrence.day,
        occurrence.start and occurrence.start.isoformat("minutes"),
        occurrence.end and occurrence.end.isoformat("minutes"),
    ) == (
        date(2026, 12, 3),
        "09:30",
        "11:00",
    )


def test_an_impossible_day_in_prose_is_an_issue() -> None:
    assert "schedule.impossible_date" in rules(understood(text="Am 31.02.2027 um 10 Uhr für Kita-Gruppen."))


def test_days_that_were_not_understood_do_not_become_by_arrangement() -> None:
    result = understood(text="Kita-Gruppen buchen bitte per Mail.", words={"start_date": "30.02.2027"})

    assert "schedule.impossible_date" in rules(result)
    assert result.offer.fields.schedule is None


def test_personal_addresses_are_left_out_with_an_issue() -> None:
    result = understood(text="Anmeldung bei erika.muster@forsthaus.example oder anmeldung@forsthaus.example")

    fields = result.offer.fields
    assert fields.booking.contact is not None
    assert fields.booking.contact.mail == "anmeldung@forsthaus.example"
    assert "erika" not in (fields.description or "")
    assert "booking.personal_contact" in rules(result)
    assert all("erika" not in issue.wording for issue in result.issues)


def test_coordinates_of_the_source_are_the_address_itself() -> None:
    place = understood(words={"place": "Forsthaus, 37574 Einbeck", "lat": "51,82", "lon": "9.87"}).offer.fields.place

    assert place is not None
    assert (place.lat, place.lon, place.precision) == (51.82, 9.87, "address")


@pytest.mark.parametrize(("lat", "lon"), [("0", "0"), ("weit", "weg"), ("40.7", "-74.0")])
def test_coordinates_outside_germany_are_an_issue(lat: str, lon: str) -> None:
    assert rules(understood(words={"lat": lat, "lon": lon})) == ["place.point_not_plausible"]


def test_an_offer_that_comes_to_the_kita_has_no_place_but_an_area() -> None:
    fields = understood(
        text="Wir kommen in Ihre Kita, im Umkreis von 30 km um Göttingen.", words={"place": "in Ihrer Kita"}
    ).offer.fields

    assert fields.place is None
    assert fields.kind.value == "mobile_visit"
    assert fields.service_area is not None
    assert fields.service_area.radius_km == 30


def test_a_record_without_a_title_is_kept_with_an_issue() -> None:
    result = understood(title="", text="Wir lesen vor.")

    assert result.offer.fields.title == "Wir lesen vor."
    assert rules(result) == ["title.missing"]


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x01",
        "<" * 5_000,
        "&" * 5_000,
        "(" * 5_000,
        "12.12." * 2_000,
        "€" * 5_000,
        "ab " * 5_000,
        "﷽" * 2_000,
        "🦊" * 3_000,
        "a" * 50_000,
        "\n" * 10_000,
    ],
)
def test_hostile_text_is_survived(text: str) -> None:
    assert understood(text=text).offer.fields.title == "Bachforscher"


def test_replaying_gives_the_same_bytes() -> None:
    assert understood(text=TEXT).model_dump_json() == understood(text=TEXT).model_dump_json()


def test_links_that_are_none_are_dropped() -> None:
    fields = understood(
        url="javascript:alert(1)", words={"booking_url": "data:text/html,x", "image_url": "//x"}
    ).offer.fields

    assert (fields.url, fields.booking.url, fields.image) == (None, None, None)


def test_facts_under_their_own_names_speak_for_kita_groups_together() -> None:
    text = "Wir rühren Farben aus Erde an."
    alone = understood(text=text, words={"group_size": "höchstens 12 Kinder"})
    together = understood(
        text=text, words={"ages": "ab 4", "group_size": "höchstens 12 Kinder", "dates": "dienstags 9 bis 11 Uhr"}
    )

    for result, verdict in ((alone, Verdict.UNSURE), (together, Verdict.YES)):
        assert result.offer.fields.kita_suitability is not None
        assert result.offer.fields.kita_suitability.verdict is verdict


@pytest.mark.parametrize(
    ("text", "model", "adults_free"),
    [
        ("Kosten: 32 € pauschal für die Gruppe.", "per_group", None),
        ("32 € pro Kind, Begleitpersonen frei.", "per_child", True),
        ("Zwei Begleitpersonen frei.", "per_child", True),
        ("Schulklassen zahlen 50 € pro Gruppe.", "per_child", None),
    ],
)
def test_a_lone_amount_is_put_together_with_the_text(text: str, model: str, adults_free: bool | None) -> None:
    price = understood(text=text, words={"price": "32 €"}).offer.fields.price

    assert price is not None
    assert (price.model.value, price.amount_eur, price.adults_free) == (model, 32, adults_free)


@pytest.mark.parametrize(
    ("wording", "months"),
    [
        ("Juni und Juli", (6, 7)),
        ("nur Oktober oder November", (10, 11)),
        ("Januar bis März", (1, 2, 3)),
        ("April–Juni sowie Oktober", (4, 5, 6, 10)),
        ("November bis Februar, vormittags", (1, 2, 11, 12)),
    ],
)
def test_months_alone_are_the_season_of_an_offer_by_arrangement(wording: str, months: tuple[int, ...]) -> None:
    result = understood(text="Für Kita-Gruppen.", words={"dates": wording})

    assert result.offer.fields.schedule is not None
    assert (result.offer.fields.schedule.kind, result.offer.fields.schedule.months) == ("on_request", months)
    assert rules(result) == []


def test_holidays_are_no_season_of_months() -> None:
    assert "schedule.not_understood" in rules(understood(words={"dates": "in den Herbstferien"}))


def test_holidays_are_those_of_the_land_where_an_offer_takes_place() -> None:
    text = "Wir lesen jeden Mittwoch um 9.15 Uhr für Kita-Gruppen, nicht in den Ferien."
    here = understood(text=text).offer.fields
    there = understood(text=text, words={"place": "Beispielweg 1, 17489 Greifswald"}).offer.fields

    days = [one.schedule.recurrence.except_days for one in (here, there) if one.schedule and one.schedule.recurrence]
    assert [date(2027, 2, 10) in one for one in days] == [False, True]
    assert [date(2026, 12, 30) in one for one in days] == [True, True]


def test_what_stands_under_its_own_name_minds_holidays_too() -> None:
    result = understood(text="Für Kita-Gruppen.", words={"dates": "dienstags 10 Uhr, nicht in den Sommerferien"})

    schedule = result.offer.fields.schedule
    assert schedule is not None
    assert schedule.recurrence is not None
    assert schedule.recurrence.except_days[0] == date(2027, 7, 13)
    assert result.offer.provenance["schedule"].rule == "schedule.without_holidays"
    assert result.offer.provenance["schedule"].evidence == "dienstags 10 Uhr, nicht in den Sommerferien"


def test_a_source_of_no_land_keeps_the_flag_alone() -> None:
    fields = understood(text="Jeden Dienstag um 10 Uhr, nicht in den Ferien", source=a_source(region="00")).offer.fields

    assert fields.schedule is not None
    assert fields.schedule.recurrence is not None
    assert fields.schedule.recurrence.not_in_school_holidays
    assert fields.schedule.recurrence.except_days == ()
