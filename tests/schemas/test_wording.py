"""What people read about an offer."""

import doctest
from datetime import date, time

import pytest

from schemas import clock, identifiers, offer, wording
from schemas.offer import AgeRange, Occurrence, OfferFields, Price, Recurrence, Schedule, TimeWindow
from schemas.organisation import Provider
from schemas.vocabulary import Area, Audience, Code, Kind, OccurrenceStatus, PriceModel, ScheduleKind, Weekday


@pytest.mark.parametrize("module", [clock, identifiers, offer, wording])
def test_examples_in_the_docstrings_hold(module):
    outcome = doctest.testmod(module)

    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_every_code_has_a_german_label():
    codes = [code for vocabulary in Code.__subclasses__() for code in vocabulary]

    assert len(codes) > 100
    assert [code for code in codes if not code.label] == []


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (48, None, "ab 4 Jahren"),
        (12, None, "ab 1 Jahr"),
        (30, None, "ab 30 Monaten"),
        (0, None, "für jedes Alter"),
        (36, 83, "3 bis 6 Jahre"),
        (36, 72, "3 bis 6 Jahre"),
        (60, 71, "5 Jahre"),
        (0, 35, "bis 2 Jahre"),
        (None, 40, "bis 40 Monate"),
    ],
)
def test_ages_are_said_in_years_where_months_fill_them(low, high, words):
    assert wording.age_words(AgeRange(min_months=low, max_months=high)) == words


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (Price(model=PriceModel.FREE, amount_eur=0), "kostenfrei"),
        (Price(model=PriceModel.FREE, adults_free=True), "kostenfrei"),
        (Price(model=PriceModel.DONATION, amount_eur=3), "gegen Spende, etwa 3 €"),
        (Price(model=PriceModel.PER_GROUP), "Preis pro Gruppe auf Anfrage"),
        (Price(model=PriceModel.UNKNOWN), "auf Anfrage"),
    ],
)
def test_prices_name_their_model(price, words):
    assert wording.price_words(price) == words


def test_what_is_not_stated_has_no_words():
    empty = OfferFields(title="Ohne Angaben")

    assert wording.age_words(empty.ages) is None
    assert wording.price_words(empty.price) is None
    assert wording.schedule_words(empty.schedule) is None
    assert wording.place_words(empty.place) is None
    assert wording.sentence(empty) == "Veranstaltung."


def test_an_offer_by_arrangement_names_days_and_hours():
    schedule = Schedule(
        kind=ScheduleKind.ON_REQUEST,
        weekdays=(Weekday.TU, Weekday.WE, Weekday.TH),
        hours=(TimeWindow(start=time(9, 30), end=time(11)),),
    )

    assert wording.schedule_words(schedule) == "nach Vereinbarung (Di–Do) 9:30 bis 11 Uhr"


def test_past_dates_are_not_listed_and_many_are_counted():
    days = [date(2026, 11, 1), *(date(2026, 12, day) for day in (1, 2, 3, 4, 5))]
    schedule = Schedule(kind=ScheduleKind.DATED, occurrences=tuple(Occurrence(day=day) for day in days))

    words = wording.schedule_words(schedule, date(2026, 11, 23))

    assert words.startswith("Di., 1. Dezember 2026; Mi., 2. Dezember 2026")
    assert words.endswith(" und 2 weitere Termine")


def test_a_cancelled_date_says_so():
    gone = Occurrence(day=date(2026, 12, 1), start=time(9), end=time(10, 30), status=OccurrenceStatus.CANCELLED)

    assert wording.occurrence_words(gone) == "Di., 1. Dezember 2026, 9 bis 10:30 Uhr (entfällt)"


def test_a_rule_beyond_words_is_not_guessed():
    assert wording.recurrence_words(Recurrence(rule="FREQ=YEARLY;BYMONTH=3")) is None
    assert wording.recurrence_words(Recurrence(rule="FREQ=MONTHLY;BYDAY=-1FR")) == "jeden letzten Freitag im Monat"
    assert wording.recurrence_words(Recurrence(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")) == "alle 2 Wochen am Montag"


def test_the_sentence_is_made_from_the_fields_alone():
    fields = OfferFields(
        kind=Kind.VISIT,
        title="Dinos",
        description="Geheime Prosa des Museums.",
        provider=Provider(name="Beispielmuseum"),
        audience=(Audience.KITA, Audience.FAMILY),
        ages=AgeRange(min_months=48),
        price=Price(model=PriceModel.PER_CHILD, amount_eur=2.5),
        areas=(Area.STEM,),
        duration_minutes=60,
    )

    assert wording.sentence(fields) == (
        "Besuch vor Ort von Beispielmuseum für Kita-Gruppen (Bereich Mathematik, Naturwissenschaft, Technik). "
        "Ab 4 Jahren; 1 Stunde; 2,50 € pro Kind."
    )


def test_many_days_of_a_week_are_said_as_a_run():
    rule = Recurrence(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,TH,FR")

    assert wording.recurrence_words(rule) == "alle 2 Wochen Mo, Mi–Fr"
