"""Public and school holidays: days everybody can look up, and errors instead of a silent "none"."""

from datetime import date, timedelta

import pytest

from schemas.geography.tables import laender
from schemas.holidays import (
    HolidayError,
    Interval,
    in_school_holidays,
    is_public_holiday,
    public_holidays,
    school_holidays,
    school_holidays_known_until,
)

LAENDER = sorted(code for _, code in laender().values())


def test_public_holidays_of_a_year_come_in_order_with_german_names():
    holidays = public_holidays("MV", 2026)

    assert list(holidays)[:3] == [date(2026, 1, 1), date(2026, 3, 8), date(2026, 4, 3)]
    assert holidays[date(2026, 10, 31)] == "Reformationstag"
    assert holidays[date(2026, 12, 25)] == "Erster Weihnachtstag"


@pytest.mark.parametrize(
    ("land", "day", "free"),
    [
        ("MV", date(2022, 3, 8), False),  # since 2023 only
        ("MV", date(2023, 3, 8), True),
        ("BE", date(2026, 3, 8), True),
        ("SH", date(2026, 3, 8), False),
        ("SH", date(2026, 10, 31), True),
        ("BW", date(2026, 10, 31), False),
        ("SN", date(2026, 11, 18), True),  # Buß- und Bettag
        ("MV", date(2026, 11, 18), False),
        ("BY", date(2026, 8, 8), False),  # Augsburg only
        ("MV", date(2026, 11, 24), False),
    ],
)
def test_a_public_holiday_is_one_of_the_whole_land(land, day, free):
    assert is_public_holiday(day, land) is free


def test_a_caller_cannot_change_the_holidays_of_the_next():
    public_holidays("MV", 2026).clear()

    assert public_holidays("MV", 2026)


@pytest.mark.parametrize(
    ("land", "day", "inside"),
    [
        ("MV", date(2026, 7, 13), True),
        ("MV", date(2026, 8, 22), True),
        ("MV", date(2026, 8, 23), False),
        ("MV", date(2026, 10, 14), False),
        ("MV", date(2026, 10, 15), True),
        ("MV", date(2026, 11, 26), True),  # a day off that all schools share
        ("MV", date(2026, 11, 30), False),
        ("SH", date(2026, 10, 5), False),  # only on the islands
        ("SH", date(2026, 10, 12), True),
        ("SH", date(2026, 5, 15), True),  # one day, without an end in the original
        ("SH", date(2027, 1, 6), True),
        ("SH", date(2027, 1, 7), False),
    ],
)
def test_school_holidays_are_those_of_general_schools_on_the_mainland(land, day, inside):
    assert in_school_holidays(day, land) is inside


@pytest.mark.parametrize("land", LAENDER)
def test_every_land_has_summer_holidays_of_six_weeks_in_every_year(land):
    summers = [each for each in school_holidays(land) if each.name == "Sommerferien"]

    assert {each.start.year for each in summers} >= set(range(2024, 2030))
    assert all(timedelta(weeks=5) < each.end - each.start < timedelta(weeks=7) for each in summers)


@pytest.mark.parametrize("land", LAENDER)
def test_holidays_come_in_order_and_a_search_finds_each_first_and_last_day(land):
    intervals = school_holidays(land)

    assert list(intervals) == sorted(intervals)
    assert all(each.start <= each.end for each in intervals)
    for each in intervals:
        if each.start.year >= 2024:
            assert in_school_holidays(each.start, land)
            assert in_school_holidays(each.end, land)


@pytest.mark.parametrize("land", LAENDER)
def test_a_search_agrees_with_reading_the_whole_list(land):
    intervals = school_holidays(land)

    for offset in range(0, 2000, 5):
        day = date(2024, 1, 1) + timedelta(days=offset)
        assert in_school_holidays(day, land) is any(each.start <= day <= each.end for each in intervals)


def test_a_day_beyond_the_table_is_an_error_not_a_school_day():
    after = school_holidays_known_until("MV") + timedelta(days=1)

    with pytest.raises(HolidayError, match=rf"school holidays MV: {after} is not in the table"):
        in_school_holidays(after, "MV")
    with pytest.raises(HolidayError, match="2023-06-01"):
        in_school_holidays(date(2023, 6, 1), "MV")


@pytest.mark.parametrize(
    "look_up", [lambda: public_holidays("XX", 2026), lambda: school_holidays("Schleswig-Holstein")]
)
def test_an_unknown_land_is_an_error_that_says_what_was_expected(look_up):
    with pytest.raises(HolidayError, match="expected one of BB, BE, BW"):
        look_up()


def test_an_interval_says_what_it_is():
    assert Interval(date(2026, 10, 15), date(2026, 10, 24), "Herbstferien") in school_holidays("MV")
