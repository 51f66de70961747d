"""Rules that mind holidays, in days of the Land."""

from datetime import date

import pytest

from harvesters.normalise.evidence import Found
from harvesters.normalise.holidays import MAX_DAYS_OFF, MAX_DAYS_ON, with_holidays
from harvesters.normalise.recurrence import parse_rule
from harvesters.normalise.schedule import read_schedule
from harvesters.normalise.text import Prose
from schemas.holidays import in_school_holidays, is_public_holiday
from schemas.offer import Recurrence, Schedule

TODAY = date(2026, 11, 23)


def read(wording: str, land: str | None = "MV") -> Found[Schedule]:
    page = Prose(wording)
    found = read_schedule(page, TODAY).schedule
    assert found is not None
    return with_holidays(found, page, land, TODAY)


def rule_of(found: Found[Schedule]) -> Recurrence:
    assert found.value.recurrence is not None
    return found.value.recurrence


@pytest.mark.parametrize(
    "wording",
    [
        "Mittwochs 9:15 Uhr, nicht in den Ferien",
        "Jeden Mittwoch um 9.15 Uhr (außer in den Schulferien)",
        "Wir singen jeden Mittwoch um 9.15 Uhr. In den Ferien haben wir Pause.",
    ],
)
def test_a_rule_leaves_out_the_school_holidays_of_its_land(wording: str) -> None:
    in_the_north, in_holstein = read(wording), read(wording, "SH")

    days = rule_of(in_the_north).except_days
    assert rule_of(in_the_north).not_in_school_holidays
    assert (days[0], days[-1]) == (date(2026, 12, 23), date(2027, 12, 22))
    assert date(2027, 2, 10) in days
    assert all(day.weekday() == 2 and in_school_holidays(day, "MV") for day in days)
    assert date(2027, 2, 10) not in rule_of(in_holstein).except_days
    assert date(2027, 8, 11) in rule_of(in_holstein).except_days


def test_the_words_about_holidays_are_part_of_the_evidence() -> None:
    wording = "Basteln: mittwochs 9:15 Uhr, nicht in den Ferien, Eintritt frei"

    found = read(wording)

    assert (found.rule, found.evidence) == ("schedule.without_holidays", "mittwochs 9:15 Uhr, nicht in den Ferien")


def test_public_holidays_are_left_out_by_the_calendar_of_the_land() -> None:
    days = rule_of(read("montags 10 Uhr, außer an Feiertagen", "MV")).except_days

    assert days == (date(2027, 3, 8), date(2027, 3, 29), date(2027, 5, 17))
    assert all(is_public_holiday(day, "MV") for day in days)
    assert date(2027, 3, 8) not in rule_of(read("montags 10 Uhr, außer an Feiertagen", "SH")).except_days


def test_holidays_of_one_season_are_not_all_holidays() -> None:
    rule = rule_of(read("donnerstags 10 Uhr, nicht in den Sommerferien"))

    assert not rule.not_in_school_holidays
    assert (rule.except_days[0], rule.except_days[-1], len(rule.except_days)) == (
        date(2027, 7, 8), date(2027, 8, 12), 6,
    )  # fmt: skip


def test_a_monthly_rule_leaves_out_only_its_own_days() -> None:
    rule = rule_of(read("jeden 1. Mittwoch im Monat um 10 Uhr, nicht in den Ferien"))

    assert rule.rule == "FREQ=MONTHLY;BYDAY=1WE"
    assert rule.except_days == (date(2027, 7, 7), date(2027, 8, 4))


@pytest.mark.parametrize(
    "wording",
    ["In den Sommerferien dienstags 10 Uhr Schatzsuche", "Schatzsuche dienstags um 10 Uhr in den Sommerferien"],
)
def test_weekdays_in_the_holidays_of_a_season_have_a_first_and_a_last_day(wording: str) -> None:
    found = read(wording)

    rule = rule_of(found)
    assert found.rule == "schedule.in_holidays"
    assert rule.rule == "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270814"
    assert (rule.starts_on, rule.ends_on, rule.not_in_school_holidays) == (date(2027, 7, 5), date(2027, 8, 14), False)


def test_a_number_of_dates_in_the_holidays_of_a_season_stays_a_number() -> None:
    rule = rule_of(read("In den Sommerferien dienstags 10 Uhr Schatzsuche, 4 Termine")).rule

    assert rule == "FREQ=WEEKLY;BYDAY=TU;COUNT=4"
    assert parse_rule(rule).count == 4


def test_weekdays_in_all_holidays_become_dates() -> None:
    found = read("In den Ferien dienstags 10 Uhr Schatzsuche").value

    assert found.kind.value == "dated"
    assert [(o.day, o.start.hour if o.start else None) for o in found.occurrences[:2]] == [
        (date(2026, 12, 22), 10),
        (date(2026, 12, 29), 10),
    ]
    assert all(o.day.weekday() == 1 and in_school_holidays(o.day, "MV") for o in found.occurrences)


@pytest.mark.parametrize(
    "wording",
    [
        "Dienstags 10 Uhr, in den Ferien nach Absprache",
        "Dienstags 10 Uhr, auch in den Ferien",
        "Dienstags 10 Uhr, nur während der Vorlesungszeit",
        "Dienstags um 10 Uhr Spielkreis im Pfarrhaus",
    ],
)
def test_other_words_about_holidays_change_nothing(wording: str) -> None:
    found = read_schedule(wording, TODAY).schedule

    assert found is not None
    assert with_holidays(found, Prose(wording), "MV", TODAY) == found


def test_without_a_land_the_flag_alone_stays() -> None:
    rule = rule_of(read("dienstags 10 Uhr, nicht in den Ferien", None))

    assert (rule.not_in_school_holidays, rule.except_days) == (True, ())


@pytest.mark.parametrize(
    ("wording", "days"),
    [
        ("Jeden Donnerstag 10 Uhr. 24.12. entfällt.", [date(2026, 12, 24)]),
        ("Donnerstags 10 Uhr, 24.12. fällt aus", [date(2026, 12, 24)]),
        ("Jeden Donnerstag um 10 Uhr. Entfällt am 24.12. und 31.12.2026.", [date(2026, 12, 24), date(2026, 12, 31)]),
    ],
)
def test_a_date_that_is_cancelled_is_an_exception_of_the_rule_and_not_its_beginning(
    wording: str, days: list[date]
) -> None:
    rule = rule_of(read(wording))

    assert rule.rule == "FREQ=WEEKLY;BYDAY=TH"
    assert list(rule.except_days) == days
    assert rule.starts_on is None


def test_what_is_laid_out_is_bounded() -> None:
    every_day = "jeden Montag, Dienstag, Mittwoch, Donnerstag und Freitag 9 Uhr"
    off = rule_of(read(f"{every_day}, nicht in den Ferien und nicht an Feiertagen")).except_days
    on = read(f"In den Ferien werktags 9 Uhr, {every_day}").value

    assert 60 < len(off) <= MAX_DAYS_OFF
    assert 60 < len(on.occurrences) <= MAX_DAYS_ON
