"""Schedules as waiting times, weekdays and next days."""

from datetime import date, time

import pytest

from recommender.calendar import ALL_MONTHS, FAR, calendar_of, next_day, read_rule
from schemas.offer import Recurrence, Schedule, TimeWindow
from schemas.vocabulary import ScheduleKind, Weekday

TODAY = date(2026, 11, 30)
LAST = date(2027, 5, 31)


def regular(rule: str, **changes: object) -> Schedule:
    return Schedule(kind=ScheduleKind.RECURRING, recurrence=Recurrence(rule=rule, **changes))


def on_request(**changes: object) -> Schedule:
    return Schedule(kind=ScheduleKind.ON_REQUEST, **changes)


def test_no_schedule_is_always_possible():
    calendar = calendar_of(None, TODAY)

    assert (calendar.weekdays, calendar.months, calendar.wait, calendar.left) == (0, ALL_MONTHS, 0, FAR)


@pytest.mark.parametrize(
    ("schedule", "wait", "left"),
    [
        (on_request(months=(5, 6, 7, 8, 9)), 152, 304),
        (on_request(months=(11, 12, 1, 2, 3)), 0, 121),
        (on_request(months=(11,)), 0, 0),
        (on_request(bookable_from=date(2027, 1, 1)), 32, FAR),
        (on_request(bookable_until=date(2026, 12, 20)), 0, 20),
        (on_request(bookable_until=date(2026, 11, 20)), 0, -10),
        (on_request(months=(3,), bookable_from=date(2027, 1, 1)), 91, 121),
        (regular("FREQ=WEEKLY;BYDAY=TU;BYMONTH=1,2"), 32, 90),
        (regular("FREQ=DAILY;UNTIL=20261223"), 0, 23),
        (regular("FREQ=WEEKLY;BYDAY=TU", ends_on=date(2026, 12, 1)), 0, 1),
    ],
)
def test_seasons_and_periods_become_waiting_times(schedule, wait, left):
    calendar = calendar_of(schedule, TODAY)

    assert (calendar.wait, calendar.left) == (wait, left)


def test_weekdays_and_hours_are_read():
    calendar = calendar_of(
        on_request(weekdays=(Weekday.FR, Weekday.MO), hours=(TimeWindow(start=time(9), end=time(11, 30)),)), TODAY
    )

    assert calendar.weekdays == 0b10001
    assert (calendar.opens_minute, calendar.closes_minute) == (540, 690)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=TH", date(2026, 12, 3)),
        ("FREQ=MONTHLY;BYDAY=2TH", date(2026, 12, 10)),
        ("FREQ=MONTHLY;BYDAY=TH;BYSETPOS=-1", date(2026, 12, 31)),
        ("FREQ=MONTHLY;BYDAY=-1TH", date(2026, 12, 31)),
        ("FREQ=WEEKLY;BYDAY=TU;BYMONTH=3", date(2027, 3, 2)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", None),
        ("FREQ=WEEKLY", None),
        ("nonsense", None),
    ],
)
def test_the_next_day_of_a_rule_is_found_or_left_open(rule, expected):
    assert next_day(regular(rule), TODAY, LAST, lambda day: True) == expected


def test_days_that_do_not_suit_are_passed_over():
    thursdays = regular("FREQ=WEEKLY;BYDAY=TH", except_days=(date(2026, 12, 3),), ends_on=date(2026, 12, 24))

    assert next_day(thursdays, TODAY, LAST, lambda day: day.day != 10) == date(2026, 12, 17)
    assert next_day(thursdays, TODAY, LAST, lambda day: False) is None
    assert next_day(on_request(), TODAY, LAST, lambda day: True) is None


def test_a_broken_until_and_months_out_of_range_say_nothing():
    assert read_rule("FREQ=DAILY;UNTIL=20261399").until is None
    assert read_rule("FREQ=WEEKLY;BYMONTH=0,13,x,99").months == 0
