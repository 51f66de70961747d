"""When it takes place, in wordings of providers, all invented; read on 23 November 2026."""

from datetime import date

import pytest

from harvesters.normalise.dates import easter, read_dates
from harvesters.normalise.schedule import read_schedule
from harvesters.normalise.text import Prose

TODAY = date(2026, 11, 23)

DATED = [
    ("Do 03.12.2026, 9:30 Uhr", ["2026-12-03T09:30"]),
    ("Donnerstag, 3. Dezember, 10 Uhr", ["2026-12-03T10:00"]),
    ("am 5.12. um 15 Uhr", ["2026-12-05T15:00"]),
    ("am 12.1. um 10 h", ["2027-01-12T10:00"]),
    ("05.03.27, 9 Uhr", ["2027-03-05T09:00"]),
    ("2027-02-10 10:00 Uhr", ["2027-02-10T10:00"]),
    (
        "Di, 12.01.2027, 10 Uhr | Mi, 13.01.2027, 9:00 und 10:30 Uhr",
        ["2027-01-12T10:00", "2027-01-13T09:00", "2027-01-13T10:30"],
    ),
    ("18. und 19.01.2027, jeweils 9–15 Uhr", ["2027-01-18T09:00", "2027-01-19T09:00"]),
    ("5., 12. und 19. Mai, 9 Uhr", ["2027-05-05T09:00", "2027-05-12T09:00", "2027-05-19T09:00"]),
    ("12.–14. März", ["2027-03-12"]),
    ("Am zweiten Advent ab 16 Uhr", ["2026-12-06T16:00"]),
    ("2. Weihnachtsfeiertag, 17 Uhr", ["2026-12-26T17:00"]),
    ("Am 10. Februar 2027 zeigen wir das Stück. Beginn: 10 Uhr", ["2027-02-10T10:00"]),
    ("Um 10 Uhr am 8. Dezember", ["2026-12-08T10:00"]),
    (
        "Sa 12.12.2026 15 und 17.30 Uhr, So 13.12.2026 11 Uhr",
        ["2026-12-12T15:00", "2026-12-12T17:30", "2026-12-13T11:00"],
    ),
    ("Freie Vormittage: Do 3.12., Di 8.12. und Mi 9.12.", ["2026-12-03", "2026-12-08", "2026-12-09"]),
    ("20.01.2027, 19.30–21 Uhr, Einlass ab 19 Uhr", ["2027-01-20T19:30"]),
    ("Freitag, 20. November, 10 Uhr", ["2026-11-20T10:00"]),
    ("Mittwoch, 14. April, 9 Uhr. Anmeldeschluss: 31.03.2027", ["2027-04-14T09:00"]),
    ("Do 14.01.2027 09:30-10:30", ["2027-01-14T09:30"]),
    ("14.01.2027 | 09:30 - 10:30", ["2027-01-14T09:30"]),
    ("29.1., 9.30", ["2027-01-29T09:30"]),
    ("Sonntag, 17. Januar 2027, 15:00", ["2027-01-17T15:00"]),
    ("Beginn 17.01.2027 um 15.00 Uhr, Ende 17 Uhr", ["2027-01-17T15:00"]),
    ("3./4. Februar 2027, 9 Uhr", ["2027-02-03T09:00", "2027-02-04T09:00"]),
    ("3.2./10.2./17.2. je 10 Uhr", ["2027-02-03T10:00", "2027-02-10T10:00", "2027-02-17T10:00"]),
    ("Mo 18.1. (9 Uhr), Di 19.1. (10 Uhr)", ["2027-01-18T09:00", "2027-01-19T10:00"]),
    ("Fr 22.01.2027 17:00 Uhr, 8 €/erm. 5 €", ["2027-01-22T17:00"]),
    ("Am 3. Februar um 9 Uhr, 12 Kinder je Gruppe", ["2027-02-03T09:00"]),
    ("10.02.2027, 9.30 Uhr und 10.45 Uhr, 20 Plätze", ["2027-02-10T09:30", "2027-02-10T10:45"]),
    ("Fr 15.01.2027, 15 Uhr, ab 7 J., Eintritt 3 €", ["2027-01-15T15:00"]),
    ("Fr 15.01.2027, 9 und 11 Uhr, ab 4", ["2027-01-15T09:00", "2027-01-15T11:00"]),
    ("Fr 15.01.2027, 9 Uhr, 10.30 Uhr und 14 Uhr", ["2027-01-15T09:00", "2027-01-15T10:30", "2027-01-15T14:00"]),
    ("So, 6.12., 11 u. 15 Uhr", ["2026-12-06T11:00", "2026-12-06T15:00"]),
    ("Am 9. Dezember um halb zehn", ["2026-12-09T09:30"]),
    ("Lesung am 9. Dezember um halb vier", ["2026-12-09T15:30"]),
    ("Am Abend des 9. Dezember, acht Uhr", ["2026-12-09T20:00"]),
    ("Am 9. Dezember, eine halbe Stunde", ["2026-12-09"]),
    (
        "15. bis 17. Februar 2027, täglich 10–13 Uhr",
        ["2027-02-15T10:00", "2027-02-16T10:00", "2027-02-17T10:00"],
    ),
    ("Fr 5. bis Sa 6. März, jeweils 17 Uhr", ["2027-03-05T17:00", "2027-03-06T17:00"]),
    ("8. bis 12. Februar, 9–15 Uhr", ["2027-02-08T09:00"]),
    ("Februar: 4., 11. und 18., jeweils 9 Uhr", ["2027-02-04T09:00", "2027-02-11T09:00", "2027-02-18T09:00"]),
    ("Im Januar 2027 am 12. und 19. um 10 Uhr", ["2027-01-12T10:00", "2027-01-19T10:00"]),
    ("Am zweiten Samstag im Februar, 14 Uhr", ["2027-02-13T14:00"]),
    ("am letzten Freitag im Januar 2027 um 16 Uhr", ["2027-01-29T16:00"]),
    ("An den Adventssamstagen um 15 Uhr", [f"2026-{day}T15:00" for day in ("11-28", "12-05", "12-12", "12-19")]),
    (
        "7.1., 14.1. und 21.1.2027 (donnerstags), 10 Uhr",
        ["2027-01-07T10:00", "2027-01-14T10:00", "2027-01-21T10:00"],
    ),
    ("Mi 17. März 2027, 9 Uhr, Meldeschluss 26.02.", ["2027-03-17T09:00"]),
]

RECURRING = [
    ("dienstags und donnerstags um 9:30 Uhr", "FREQ=WEEKLY;BYDAY=TU,TH"),
    ("jeden Mittwoch von 9 bis 10 Uhr", "FREQ=WEEKLY;BYDAY=WE"),
    ("immer montags, 10 Uhr", "FREQ=WEEKLY;BYDAY=MO"),
    ("Di + Do 9.30 Uhr", "FREQ=WEEKLY;BYDAY=TU,TH"),
    ("Mo/Mi/Fr 10 Uhr, Mai bis September", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYMONTH=5,6,7,8,9"),
    ("jeden 1. Mittwoch im Monat um 9.45 Uhr", "FREQ=MONTHLY;BYDAY=1WE"),
    ("jeden ersten und dritten Dienstag im Monat, 10 Uhr", "FREQ=MONTHLY;BYDAY=1TU,3TU"),
    ("jeweils am letzten Freitag im Monat", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("Jeden zweiten Samstag im Monat, 15 Uhr", "FREQ=MONTHLY;BYDAY=2SA"),
    ("jeden Donnerstag um 9 Uhr, Oktober bis März", "FREQ=WEEKLY;BYDAY=TH;BYMONTH=1,2,3,10,11,12"),
    ("freitags 8:45 Uhr, Start 15.01.2027, Ende 26.03.2027", "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270326"),
    ("6 Termine, mittwochs 9–10 Uhr, ab 13.01.2027", "FREQ=WEEKLY;BYDAY=WE;COUNT=6"),
    ("alle zwei Wochen dienstags um 10 Uhr", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
    ("dienstags 9.30–10.15", "FREQ=WEEKLY;BYDAY=TU"),
    ("Di 9.30 Uhr, wöchentlich", "FREQ=WEEKLY;BYDAY=TU"),
    ("donnerstags 10 Uhr vom 7.1. bis 25.3.2027", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20270325"),
    ("8 x montags, 9–9.45 Uhr, Beginn 11.1.2027", "FREQ=WEEKLY;BYDAY=MO;COUNT=8"),
    ("5 × freitags ab 15.01.2027, 16–17 Uhr", "FREQ=WEEKLY;BYDAY=FR;COUNT=5"),
    ("2. + 4. Do im Monat, 9–9:45 Uhr", "FREQ=MONTHLY;BYDAY=2TH,4TH"),
    ("Mi–So 11–18 Uhr offenes Atelier", "FREQ=WEEKLY;BYDAY=WE,TH,FR,SA,SU"),
    ("Mo, Di und Do 14–18 Uhr offen für alle ab 8", "FREQ=WEEKLY;BYDAY=MO,TU,TH"),
    ("Vom 1. bis 24. Dezember jeden Nachmittag um 16 Uhr", "FREQ=DAILY;UNTIL=20261224"),
]

ON_REQUEST = [
    ("Termine nach Vereinbarung", ""),
    ("Di–Fr ab 9.30 Uhr nach Absprache", "TUWETHFR"),
    ("Mo bis Do von 9 bis 11 Uhr", "MOTUWETH"),
    ("nur Montag und Mittwoch, bitte vorher anfragen", "MOWE"),
    ("mittwochs vormittags nach Anfrage", "WE"),
    ("Termine sprechen wir ab (Di, Mi oder Fr ab 9 Uhr)", "TUWEFR"),
    ("werktags vormittags buchbar", "MOTUWETHFR"),
    ("ganzjährig auf Anfrage", ""),
    ("Wir kommen in Ihre Kita, Anmeldung per Telefon", ""),
    ("Mi–So 11–16 Uhr, Gruppen bitte anfragen", "WETHFRSASU"),
    ("Projekttag, 3 Stunden, 75 € pro Klasse", ""),
    ("40 € Aufwandsentschädigung je Einsatz", ""),
    ("Die Plätze sind begrenzt, Bewerbung formlos", ""),
    ("Vom 1. bis 26. März täglich nach Absprache, 9–12 Uhr", ""),
]


def _starts(text: str) -> list[str]:
    schedule = read_schedule(text, TODAY).schedule
    assert schedule is not None
    return [o.day.isoformat() + (f"T{o.start:%H:%M}" if o.start else "") for o in schedule.value.occurrences]


@pytest.mark.parametrize(("wording", "starts"), DATED)
def test_reads_dates_and_times(wording: str, starts: list[str]) -> None:
    assert _starts(wording) == starts


@pytest.mark.parametrize(("wording", "rule"), RECURRING)
def test_reads_rules(wording: str, rule: str) -> None:
    found = read_schedule(wording, TODAY).schedule

    assert found is not None
    assert found.value.recurrence is not None
    assert found.value.recurrence.rule == rule
    assert found.evidence in wording


@pytest.mark.parametrize(("wording", "days"), ON_REQUEST)
def test_reads_days_on_which_a_visit_can_be_arranged(wording: str, days: str) -> None:
    found = read_schedule(wording, TODAY).schedule

    assert found is not None
    assert found.value.kind.value == "on_request"
    assert "".join(found.value.weekdays) == days


@pytest.mark.parametrize(
    "wording",
    [
        "mittwochs 9:15 Uhr, nicht in den Ferien",
        "dienstags 9 Uhr (außer in den Schulferien)",
        "jeden Montag, 10 Uhr. In den Schulferien geschlossen.",
    ],
)
def test_holidays_are_a_flag_beside_the_rule(wording: str) -> None:
    found = read_schedule(wording, TODAY).schedule

    assert found is not None
    assert found.value.recurrence is not None
    assert found.value.recurrence.not_in_school_holidays


def test_public_holidays_are_a_flag_of_their_own() -> None:
    found = read_schedule("montags 10 Uhr, nicht an Feiertagen", TODAY).schedule

    assert found is not None
    assert found.value.recurrence is not None
    assert found.value.recurrence.not_on_public_holidays
    assert not found.value.recurrence.not_in_school_holidays


def test_one_of_several_dates_may_be_off() -> None:
    found = read_schedule("Vorstellungen am 3.12. um 10 Uhr und am 24.12. entfällt", TODAY).schedule

    assert found is not None
    assert [(o.day.day, o.status.value) for o in found.value.occurrences] == [(3, "scheduled"), (24, "cancelled")]


@pytest.mark.parametrize("wording", ["am 31.02.2027 um 10 Uhr", "am 30. Februar", "31.04.2027", "29.02.2027"])
def test_a_day_that_no_calendar_has_is_reported(wording: str) -> None:
    reading = read_schedule(wording, TODAY)

    assert [one.words in wording for one in reading.impossible] == [True]
    assert reading.schedule is None or not reading.schedule.value.occurrences


def test_a_weekday_that_does_not_fit_is_reported() -> None:
    reading = read_schedule("Montag, 03.12.2026, 10 Uhr", TODAY)

    assert len(reading.misfits) == 1


@pytest.mark.parametrize(
    ("wording", "day"),
    [
        ("Mo 5.7.", date(2027, 7, 5)),
        ("24.12.", date(2026, 12, 24)),
        ("1.10.", date(2026, 10, 1)),
        ("3. März", date(2027, 3, 3)),
    ],
)
def test_infers_the_year_from_weekday_and_today(wording: str, day: date) -> None:
    found, _ = read_dates(Prose(wording), TODAY)

    assert [one.first for one in found] == [day]


def test_reads_a_span_over_two_months() -> None:
    found, _ = read_dates(Prose("vom 21. Dezember bis 2. Januar geschlossen"), TODAY)

    assert [(one.first, one.last) for one in found] == [(date(2026, 12, 21), date(2027, 1, 2))]


def test_a_deadline_is_no_occurrence() -> None:
    reading = read_schedule("Anmeldung bis 15.01.2027, Termine nach Vereinbarung", TODAY)

    assert reading.closes is not None
    assert reading.closes.value == date(2027, 1, 15)
    assert reading.schedule is not None
    assert not reading.schedule.value.occurrences


def test_easter_is_where_the_calendar_has_it() -> None:
    assert [easter(year) for year in (2024, 2026, 2027, 2038)] == [
        date(2024, 3, 31),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
    ]


@pytest.mark.parametrize(
    "wording", ["Wir freuen uns auf Sie.", "Tel. 03831 12.34.56", "Version 2.0.1", "So geht das. Do it yourself."]
)
def test_finds_no_date_where_none_is(wording: str) -> None:
    assert read_schedule(wording, TODAY, bookable=False).schedule is None


@pytest.mark.parametrize(
    ("wording", "evidence"),
    [
        ("Führung für Kita-Gruppen. Bitte rechtzeitig buchen.", "buchen"),
        ("Sockenpuppen basteln mit Gruppen. Anmeldung per Mail.", "Anmeldung"),
        ("Deichspaziergang für Kitas, 25 € pro Gruppe", "€ pro Gruppe"),
        ("Wiesentag für Kita-Gruppen, Mai bis August", "Mai bis August"),
    ],
)
def test_visits_that_groups_book_are_by_arrangement(wording: str, evidence: str) -> None:
    found = read_schedule(wording, TODAY).schedule

    assert found is not None
    assert found.value.kind.value == "on_request"
    assert found.evidence == evidence


def test_what_comes_to_the_kita_is_by_arrangement() -> None:
    found = read_schedule("Das Klangmobil rollt auf Ihren Hof.", TODAY, comes="auf Ihren Hof").schedule

    assert found is not None
    assert (found.value.kind.value, found.evidence) == ("on_request", "auf Ihren Hof")


@pytest.mark.parametrize(
    "wording",
    [
        "Führung für Kita-Gruppen ab 4 Jahren",
        "Kita-Gruppen ab 4 Jahren. Termin am 29.2.2027, 10 Uhr. Anmeldung erforderlich.",
        "Kita-Gruppen sind willkommen. Die Termine folgen, Anmeldung per Mail.",
        "Lesefest für Kita-Gruppen um 10 Uhr, bitte anmelden",
        "Für Kinder ab 4. Das Haus ist dienstags bis sonntags geöffnet.",
        "Projekttag, 3 Stunden, 4 € pro Kind, Lehrkräfte frei",
        "Für Schulklassen. Unsere Klassen sind groß, 30 € kostet das Buch.",
    ],
)
def test_nothing_is_by_arrangement_without_words_for_it(wording: str) -> None:
    assert read_schedule(wording, TODAY).schedule is None


def test_what_groups_do_not_book_is_not_by_arrangement() -> None:
    assert read_schedule("Familiennachmittag, bitte anmelden", TODAY, bookable=False).schedule is None
