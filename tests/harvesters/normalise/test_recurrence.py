"""RFC 5545 rules as days, bounded."""

from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import rrulestr

from harvesters.normalise.recurrence import RuleError, days_of, parse_rule

START = date(2026, 11, 23)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=TU,TH",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
        "FREQ=DAILY;INTERVAL=3;COUNT=10",
        "FREQ=MONTHLY;BYDAY=1WE",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=12;BYDAY=1SU",
        "FREQ=YEARLY",
        "FREQ=WEEKLY;BYDAY=WE;BYMONTH=4,5,6",
        "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270326",
        "FREQ=MONTHLY;COUNT=5",
    ],
)
def test_gives_the_days_that_dateutil_gives(rule: str) -> None:
    until = START + timedelta(days=700)
    reference = rrulestr(rule, dtstart=_midnight(START))

    expected = [moment.date() for moment in reference.between(_midnight(START), _midnight(until), inc=True)]

    assert list(days_of(parse_rule(rule), START, until)) == expected


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=1;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20270231",
        "FREQ=YEARLY;BYWEEKNO=3",
        "FREQ=DAILY;FREQ=WEEKLY",
        "nonsense",
    ],
)
def test_refuses_what_it_does_not_understand(rule: str) -> None:
    with pytest.raises(RuleError):
        parse_rule(rule)


def test_a_day_that_never_comes_ends() -> None:
    rule = parse_rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")

    assert list(days_of(rule, START, date(9999, 12, 31))) == []


def test_a_flood_is_cut() -> None:
    assert len(list(days_of(parse_rule("FREQ=DAILY"), date(1970, 1, 1), date(9999, 1, 1), limit=50))) == 50
